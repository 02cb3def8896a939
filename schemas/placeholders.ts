import type { NodeSpec, SecretRef } from "./documents.ts";
import { isMap } from "./is-map.ts";

/** What `${...}` may name. */
export interface NodeFacts {
  readonly name: string;
  readonly uuid: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Replaces `${metadata.name}` and its like in secret references and config drive strings, and nowhere else. */
export function fillPlaceholders(spec: NodeSpec, facts: NodeFacts): NodeSpec {
  const { bmc, provision } = spec;
  const filled: NodeSpec = { ...spec };
  const fill = (text: string): string => replace(text, facts, spec);
  if (bmc?.password !== undefined) filled.bmc = { ...bmc, password: fillRef(bmc.password, fill) };
  if (bmc?.kg !== undefined) filled.bmc = { ...filled.bmc, kg: fillRef(bmc.kg, fill) };
  const { configDrive, rescue } = provision ?? {};
  if (configDrive !== undefined)
    filled.provision = { ...provision, configDrive: fillStrings(configDrive, fill) };
  if (rescue?.password !== undefined)
    filled.provision = {
      ...filled.provision,
      rescue: { ...rescue, password: fillRef(rescue.password, fill) },
    };
  return filled;
}

/** Every string of a config drive, at any depth; keys stay as they are. */
function fillStrings<T>(value: T, fill: (text: string) => string): T;
function fillStrings(value: unknown, fill: (text: string) => string): unknown {
  if (typeof value === "string") return fill(value);
  if (Array.isArray(value)) return value.map((item: unknown) => fillStrings(item, fill));
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, fillStrings(item, fill)]),
  );
}

function fillRef(ref: SecretRef, fill: (text: string) => string): SecretRef {
  if ("env" in ref) return { env: fill(ref.env) };
  if ("file" in ref) return { file: fill(ref.file) };
  return { provider: ref.provider, key: fill(ref.key) };
}

/** A name that is not known stays as it is written: whoever resolves the secret says that it is not there. */
function replace(text: string, facts: NodeFacts, { identity }: NodeSpec): string {
  return text.replaceAll(/\$\{([a-zA-Z.]+)(?:\.([\w./-]+))?\}/g, (whole: string) => {
    const name = whole.slice(2, -1);
    if (name === "metadata.name") return facts.name;
    if (name === "metadata.uuid") return facts.uuid ?? whole;
    if (name === "identity.serial") return identity?.serial ?? whole;
    const [, root, key = ""] = /^(labels|annotations)\.(.*)$/.exec(name) ?? [];
    if (root !== "labels" && root !== "annotations") return whole;
    // A label may be missing that every object has: constructor.
    return Object.hasOwn(facts[root], key) ? (facts[root][key] ?? whole) : whole;
  });
}
