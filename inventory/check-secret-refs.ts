import type { Diagnostic } from "../schemas/diagnostic.ts";
import type { SecretRef } from "../schemas/documents.ts";
import { type FleetNode, originOf } from "../schemas/fleet.ts";
import type { Settings } from "../schemas/settings.ts";

/**
 * Secret references that lead nowhere: a provider without a command in the settings, a placeholder that
 * nothing fills. It looks at settings that the environment may change, so no cache holds its answer.
 */
export function checkSecretRefs(
  nodes: readonly FleetNode[],
  { secrets }: Settings,
): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const node of nodes)
    for (const [pointer, ref] of refsOf(node)) {
      if (ref === undefined) continue;
      const wrong = troubleOf(ref, node, secrets.providers);
      if (wrong === null) continue;
      const { file, line, column } = originOf(node, `${pointer}/${Object.keys(ref)[0] ?? ""}`);
      const message = `${node.name}: ${wrong}`;
      found.push({ code: "IW-I06", severity: "error", message, file, line, column });
    }
  return found;
}

function refsOf({ spec }: FleetNode): readonly (readonly [string, SecretRef | undefined])[] {
  return [
    ["/bmc/password", spec.bmc?.password],
    ["/bmc/kg", spec.bmc?.kg],
    ["/provision/rescue/password", spec.provision?.rescue?.password],
  ];
}

function troubleOf(
  ref: SecretRef,
  { uuid }: FleetNode,
  providers: Settings["secrets"]["providers"],
): string | null {
  if ("provider" in ref && !Object.hasOwn(providers, ref.provider))
    return `the provider ${ref.provider} is not declared; name its command in secrets.providers of the settings`;
  const text = "env" in ref ? ref.env : "file" in ref ? ref.file : ref.key;
  const open = /\$\{[^}]*\}/.exec(text)?.[0];
  // The node's uuid is known once there is a store.
  if (open === undefined || (open === "${metadata.uuid}" && uuid === null)) return null;
  return `${open} in a secret's reference names nothing of this node; there are metadata.name, metadata.uuid, identity.serial, labels.K, annotations.K`;
}
