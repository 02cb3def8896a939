import { inWords } from "../../plan/durations.ts";
import { instantText } from "../../../schemas/instant.ts";
import { known } from "../../../schemas/observation.ts";
import { STORE_FORMAT } from "../../../schemas/store-format.ts";
import { type StoreFile, writtenIn } from "../../../schemas/store.ts";
import { answer } from "../answer.ts";
import { type Command, type CommandInput, flag } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { table } from "../table.ts";
import { type NodeSight, sightings } from "../view.ts";
import { sayUnvouched } from "../vouched.ts";
import { loadWorld } from "../world.ts";

/** `status`: one line a node, from the last readings. */
export const statusCommand: Command = {
  name: "status",
  alias: "get",
  summary: "one line a node: state, power, in sync or why not (from the last readings)",
  options: [{ flags: "--live", description: "read the BMCs now" }],
  forms: ["json", "yaml", "wide", "name"],
  examples: [
    "ironwright status",
    "ironwright status -l rack=r7 --live",
    "ironwright status -o name",
  ],
  async run(input) {
    const world = await loadWorld(input);
    const { nodes, planned } = await sightings(input, world, { live: flag(input, "live") });
    const { io, common, house } = input;
    sayFormat(input, planned.input.store);
    await sayUnvouched(input, world);
    if (common.output === "name") io.out(nodes.map(({ node }) => `${node.name}\n`).join(""));
    else {
      const instance = world.settings.instance ?? house.host;
      const { commit, orphans } = planned.plan;
      const data = { commit, instance, nodes: nodes.map(asJson) };
      answer(input, data, () => asTable(input, nodes, orphans));
    }
    return EXIT.done;
  },
};

/** A store of the version before, until somebody says that no engine of it is needed any more. */
function sayFormat({ io }: CommandInput, store: StoreFile | null): void {
  if (store === null || writtenIn(store) === STORE_FORMAT) return;
  io.log(
    "info",
    `the store is written in format ${writtenIn(store)}, for engines of the version before; once none is needed: ironwright migrate store`,
  );
}

/** Contract 5. */
function asJson(sight: NodeSight): Readonly<Record<string, unknown>> {
  const { node, uuid, record, observation, plan, lease } = sight;
  return {
    node: node.name,
    uuid,
    provisionState: plan.provisionState,
    targetProvisionState: plan.targetProvisionState,
    powerState: known(observation, "power") ?? null,
    maintenance: node.spec.maintenance?.enabled ?? false,
    fault: record?.fault?.kind ?? null,
    owner: lease?.state === "held" ? lease.claim.holder : null,
    lastError: record?.lastError ?? null,
    observedAt: observation === undefined ? null : instantText(observation.at),
    inSync: plan.inSync,
  };
}

function asTable(
  input: CommandInput,
  nodes: readonly NodeSight[],
  orphans: readonly string[],
): string {
  const { io, house, common } = input;
  const wide = common.output === "wide";
  const now = house.clock.now();
  const head = [
    "NODE",
    "STATE",
    "POWER",
    "SYNC",
    "SEEN",
    ...(wide ? ["RACK", "BMC", "MODEL", "HELD BY"] : []),
    "WHY",
  ];
  const rows = nodes.map((sight) => {
    const { node, plan, observation, lease } = sight;
    const more = [
      plan.rack ?? "-",
      node.spec.bmc?.address ?? "-",
      observation?.model ?? "-",
      lease?.state === "held" ? lease.claim.holder : "-",
    ];
    return [
      node.name,
      plan.provisionState === plan.targetProvisionState
        ? plan.provisionState
        : `${plan.provisionState} -> ${plan.targetProvisionState}`,
      known(observation, "power") ?? "unknown",
      plan.inSync ? "yes" : "no",
      observation === undefined ? "never" : `${inWords((now - observation.at) / 1000)} ago`,
      ...(wide ? more : []),
      why(sight),
    ];
  });
  const lines = table(head, rows, io.columns, ["NODE", "POWER", "SEEN"]);
  const left =
    orphans.length === 0
      ? ""
      : `orphans (no longer declared, left as they are): ${orphans.join(", ")}\n`;
  return `${lines}${left}`;
}

function why({ plan, observation }: NodeSight): string {
  const [blocked] = plan.blockedBy;
  if (observation === undefined) return "not observed yet: ironwright plan, or status --live";
  if (blocked !== undefined) return `${blocked.message} (${blocked.code})`;
  const [change] = plan.changes;
  if (change === undefined) return "";
  const more = plan.changes.length > 1 ? ` and ${plan.changes.length - 1} more` : "";
  return `${change.path.slice(1).replaceAll("/", ".")} differs${more} (${change.cause})`;
}
