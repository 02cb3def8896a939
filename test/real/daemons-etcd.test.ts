import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { anEtcd, type Member } from "../support/an-etcd.ts";
import { aFleet, isOrderly, kill } from "./hall/fleet.ts";
import { supervise } from "./hall/supervised.ts";

const TTL_SECONDS = 20;
/** A member is away for so long, milliseconds: an election, and many acts in between. */
const AWAY_MS = 6000;

/** One of three may be lost at any time, the leader too. */
async function crash(member: Member): Promise<void> {
  member.signal("SIGKILL");
  await pause(AWAY_MS);
  member.restart();
  await pause(AWAY_MS);
}

/** A member that takes connections and answers nothing, as one that is cut off. */
async function cutOff(members: readonly Member[]): Promise<void> {
  for (const member of members) member.signal("SIGSTOP");
  await pause(AWAY_MS);
  for (const member of members) member.signal("SIGCONT");
  await pause(AWAY_MS);
}

test(
  "three daemons on three members of etcd, of which some are killed or cut off: each machine has one master at a time, nothing is done twice, and all become as git says",
  { timeout: 1_200_000 },
  async () => {
    const etcd = await anEtcd({ size: 3 });
    const endpoints = etcd.endpoints.map((one) => `"${one}"`).join(", ");
    const settings = `lease: { backend: etcd, ttlSeconds: ${TTL_SECONDS} }\netcd: { endpoints: [${endpoints}] }\n`;
    const fleet = await aFleet({
      nodes: 60,
      fakes: 6,
      ttlSeconds: TTL_SECONDS,
      commitMs: 6000,
      settings,
    });
    const daemons = ["a", "b", "c"].map((name) => supervise({ dir: fleet.dir, name }));
    await Promise.all(daemons.map((daemon) => daemon.next("apply.summary")));
    fleet.keepCommitting();
    await fleet.bringFakes();
    await crash(etcd.leader());
    await cutOff([etcd.leader()]);
    for (const daemon of daemons) await kill(daemon);
    // Without two of three nobody may act: who waits too long for an answer ends, and is started again.
    await cutOff(etcd.members.slice(0, 2));
    await crash(etcd.leader());
    await Promise.all(daemons.map((daemon) => daemon.next("apply.start")));
    await fleet.converged();
    await fleet.judge();
    for (const daemon of daemons) expect((await daemon.leave()).code).toBe(0);
    expect(daemons.flatMap(({ lives }) => lives.filter((life) => !isOrderly(life)))).toEqual([]);
  },
);
