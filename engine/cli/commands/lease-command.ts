import { inWords } from "../../plan/durations.ts";
import { answer } from "../answer.ts";
import type { ActingStore } from "../../run/ports.ts";
import { type Command, CommandError, type CommandInput, flag, textOption } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { table } from "../table.ts";
import { resolvedNode } from "../view.ts";
import { loadWorld, needReader, storeError, withActing, type World } from "../world.ts";

/** `lease list`, `lease break NODE`. */
export const leaseCommand: Command = {
  name: "lease",
  arguments: "<action> [node]",
  completes: "words",
  words: ["list", "break"],
  summary: "list: who holds which node; break NODE: take a lease from a holder that hangs",
  options: [
    { flags: "--reason <text>", description: "why it is broken" },
    {
      flags: "--holder-is-dead",
      description: "you know that the old holder's process or host is gone",
    },
    { flags: "--all", description: "list released leases too" },
  ],
  examples: [
    "ironwright lease list",
    'ironwright lease break r2-n17 --reason "engine host burned" --holder-is-dead',
  ],
  async run(input) {
    const [action, name] = input.args;
    const world = await loadWorld(input);
    if (action === "list") {
      const store = await needReader(input, world);
      const records = await store.records();
      const now = input.house.clock.now();
      const leases = (await store.leases()).filter(
        ({ state }) => flag(input, "all") || state !== "released",
      );
      const rows = leases.map(({ uuid, fence, claim, state }) => ({
        node: records.get(uuid)?.name ?? uuid,
        holder: claim.holder,
        state,
        fence,
        since: claim.takenAt,
      }));
      if (rows.length === 0) answer(input, rows, "no lease is held.\n");
      else
        answer(input, rows, () =>
          table(
            ["NODE", "HOLDER", "STATE", "FENCE", "SINCE"],
            rows.map((r) => [
              r.node,
              r.holder,
              r.state,
              String(r.fence),
              `${inWords((now - r.since) / 1000)} ago`,
            ]),
            input.io.columns,
          ),
        );
      return EXIT.done;
    }
    if (action !== "break" || name === undefined)
      throw new CommandError(
        EXIT.usage,
        "write: ironwright lease list, or: ironwright lease break NODE --reason ...",
      );
    const reason = textOption(input, "reason");
    if (reason === undefined)
      throw new CommandError(EXIT.usage, 'breaking a lease needs a reason: --reason "..."');
    const how = { reason, isDead: flag(input, "holderIsDead") };
    return withActing(input, world, (store) => broken(input, { world, store, name }, how));
  },
};

async function broken(
  input: CommandInput,
  { world, store, name }: { readonly world: World; readonly store: ActingStore; name: string },
  { reason, isDead }: { readonly reason: string; readonly isDead: boolean },
): Promise<ExitCode> {
  const { uuid, node } = await resolvedNode(world, store, name);
  const lease = await store.lease(uuid);
  if (lease === null || lease.state === "released")
    throw new CommandError(
      EXIT.usage,
      `nobody holds ${node.name}: there is no lease to break; see: ironwright lease list`,
    );
  const taken = await store.breakLease(uuid, reason, isDead);
  if (!taken.ok) throw storeError(taken.failure);
  const grant = taken.value;
  const { sessions } = grant.predecessor?.claim ?? lease.claim;
  const isGone = isDead || grant.predecessor?.provenDead === true;
  const risk = isGone ? null : riskOf(lease.claim.holder, sessions.length);
  if (risk !== null) input.io.log("warn", risk, { code: "IW-L03" });
  await grant.addHistory({
    event: "lease.broken",
    step: null,
    action: null,
    commit: null,
    by: store.incarnation.name,
    code: null,
    message: `taken from ${lease.claim.holder} (fence ${lease.fence}): "${reason}"${isDead ? "; said to be dead" : ""}`,
    durationMs: null,
  });
  answer(
    input,
    { node: node.name, fence: grant.fence, from: lease.claim.holder, risk },
    `${node.name}: the lease is broken (fence ${grant.fence}); the next apply finishes what was left open.\n`,
  );
  return EXIT.done;
}

/** What a holder that may only be paused can still do. */
function riskOf(holder: string, sessions: number): string {
  const kept =
    sessions === 0
      ? "it named no session at the BMC, so nothing but time keeps such a request back: end its process for certain"
      : `the next apply ends its ${sessions === 1 ? "session" : `${sessions} sessions`} at the BMC first, waits and looks before it acts`;
  return `${holder} sends nothing more, but a request that it had in its hand when it was paused may still come: ${kept}. Once you know that it is gone: --holder-is-dead`;
}
