import type { Diagnostic } from "../../schemas/diagnostic.ts";
import type { Failure } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { InterfaceAnswer, SettingsFinding } from "../../schemas/interface-answer.ts";
import { interfaceAnswers } from "../plan/interface-answers.ts";
import { offersOf } from "../plan/steps/offers-of.ts";
import type { CommandInput } from "./command.ts";
import { planWorld } from "./plan-world.ts";
import { selectedNames } from "./selector.ts";
import { table } from "./table.ts";
import { driverOptions, reader, type World } from "./world.ts";

/** What the interfaces of one node answer. */
export interface NodeAnswers {
  readonly node: FleetNode;
  readonly interfaces: readonly InterfaceAnswer[];
  /** Why its BMC did not answer; that alone says nothing against the node. Null when it did. */
  readonly silence: Failure | null;
}

/** True for what stands against the node itself, and not for a BMC that is silent today. */
export function isWrong({ result, code }: InterfaceAnswer, silence: Failure | null): boolean {
  return result === false && code !== silence?.code;
}

/**
 * Asks every selected node's interfaces whether they would work: by its settings, then by one reading of its BMC,
 * as many at once as the setting `concurrency` says. A login that was refused before is not tried again.
 */
export async function liveAnswers(
  input: CommandInput,
  world: World,
  findingsOf: (node: FleetNode) => readonly SettingsFinding[],
): Promise<readonly NodeAnswers[]> {
  const { house, common } = input;
  const selected = selectedNames(world.fleet.nodes, common);
  const nodes = world.fleet.nodes.filter(({ name }) => selected?.has(name) ?? true);
  const findings = new Map(nodes.map((node) => [node.name, findingsOf(node)]));
  // A driver is handed no settings that its own type refuses.
  const asked = nodes.filter(({ name }) => findings.get(name)?.length === 0);
  const { store } = await reader(input, world);
  const drivers = house.openDrivers(driverOptions(input, world));
  try {
    const select = new Set(asked.map(({ name }) => name));
    const { input: seen } = await planWorld(input, world, { store, drivers }, { select });
    return nodes.map((node) => {
      const observation = select.has(node.name) ? seen.observations.get(node.name) : undefined;
      const interfaces = interfaceAnswers({
        node,
        offers: offersOf(node, house.catalog),
        findings: findings.get(node.name) ?? [],
        observation,
      });
      const unreachable = observation?.unreachable ?? null;
      return { node, interfaces, silence: unreachable?.kind === "transient" ? unreachable : null };
    });
  } finally {
    await drivers.close();
  }
}

/** Each reason of a node once, at its document; a BMC that is silent among others is a warning. */
export function answerDiagnostics(all: readonly NodeAnswers[]): readonly Diagnostic[] {
  const isDark = isAllSilent(all);
  return all.flatMap(({ node, interfaces, silence }) => {
    const against = interfaces.filter(({ result }) => result === false);
    const reasons = new Map(against.map((answer) => [answer.reason, answer]));
    return [...reasons].map(([reason, answer]) => {
      const names = against.flatMap((one) => (one.reason === reason ? [one.interface] : []));
      return {
        ...node.place,
        code: answer.code ?? "IW-B01",
        severity: isDark || isWrong(answer, silence) ? ("error" as const) : ("warning" as const),
        message: `${node.name}: ${names.join(", ")}: ${reason ?? ""}`,
      };
    });
  });
}

/** True when nothing could be read at all. */
export function isAllSilent(all: readonly NodeAnswers[]): boolean {
  return all.length > 0 && all.every(({ silence }) => silence !== null);
}

/** `{ node, interfaces: { power: { result, reason, ... } } }`, as Ironic's API names them. */
export function answersData(all: readonly NodeAnswers[]): readonly unknown[] {
  return all.map(({ node, interfaces }) => ({
    node: node.name,
    interfaces: Object.fromEntries(
      interfaces.map(({ interface: name, ...answer }) => [name, answer]),
    ),
  }));
}

/** What a person reads: every interface of one node, of many only what would not work. */
export function answersText(
  all: readonly NodeAnswers[],
  { columns, wide }: { readonly columns: number; readonly wide: boolean },
): string {
  const isWhole = wide || all.length === 1;
  const rows = all.flatMap(({ node, interfaces }) =>
    interfaces.flatMap(({ interface: name, implementation, result, reason }) =>
      isWhole || result === false
        ? [[node.name, name, implementation ?? "-", WORDS[String(result)] ?? "", reason ?? ""]]
        : [],
    ),
  );
  const silent = all.filter(({ silence }) => silence !== null).length;
  const wrong = all.filter(({ interfaces, silence }) =>
    interfaces.some((answer) => isWrong(answer, silence)),
  ).length;
  const head = ["node", "interface", "by", "result", "reason"];
  const shown = rows.length === 0 ? "" : `${table(head, rows, columns, head)}\n`;
  const counts = `${all.length - silent} of ${all.length} BMCs answer; ${wrong} ${wrong === 1 ? "node has" : "nodes have"} an interface that would not work\n`;
  return `${shown}${counts}`;
}

/** `none` is Ironic's null: not supported, switched off or not built. */
const WORDS: Readonly<Record<string, string>> = { true: "true", false: "false", null: "none" };
