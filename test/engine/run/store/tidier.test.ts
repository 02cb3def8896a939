import { expect, test } from "vitest";
import { initStore, replaceStore } from "../../../../engine/run/store/init-store.ts";
import { Layout } from "../../../../engine/run/store/layout.ts";
import { HISTORY_MAX } from "../../../../engine/run/store/reader.ts";
import { turns } from "../../../support/a-disk.ts";
import {
  acting,
  type FateOf,
  held,
  INTENT,
  pass,
  STORE,
  storePorts,
  TTL_SECONDS,
  UUID,
} from "../../../support/a-store.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { MemoryFiles } from "../../../support/memory-files.ts";

const HOUR_S = 3600;
const DAY_MS = 24 * HOUR_S * 1000;

/** The daemon that tidies, beside engines of which it can tell what `fateOf` says by their pid. */
async function aDaemon(fateOf: FateOf) {
  const disk = new MemoryFiles();
  const clock = new FakeClock();
  await initStore("/s", STORE, storePorts(disk, 1, { clock }));
  const daemon = await acting(storePorts(disk, 2, { clock, fateOf }), "daemon", "watch");
  const other = (pid: number) => acting(storePorts(disk, pid, { clock, fateOf }), `e${pid}`);
  return { disk, clock, daemon, other };
}

function names(disk: MemoryFiles, dir: string): readonly string[] {
  return [...disk.files.keys()].filter((path) => path.startsWith(`/s/${dir}/`));
}

test("nothing goes that an engine may need which lives, or of which nobody can tell", async () => {
  const { disk, clock, daemon, other } = await aDaemon((pid) => (pid === 3 ? "alive" : "unknown"));
  const [living, unknown] = [await other(3), await other(4)];
  for (const { inc } of [living.incarnation, unknown.incarnation])
    disk.files.set(`/s/tmp/${inc}.7.0a0a0a0a`, "half a record");
  await (await held(unknown)).intent(INTENT);
  const before = [...disk.files.keys()];
  for (let look = 0; look < 3; look += 1) {
    await daemon.tidy();
    await pass(clock, HOUR_S);
  }
  expect([...disk.files.keys()].filter((path) => !path.endsWith(".dead"))).toEqual(before);
});

test("what a dead engine began stays until somebody has taken it over; then all of it goes but its death", async () => {
  const { disk, daemon, other } = await aDaemon(() => "gone");
  const dead = await other(3);
  const { inc } = dead.incarnation;
  await (await held(dead)).intent(INTENT);
  disk.files.set(`/s/tmp/${inc}.7.0a0a0a0a`, "half a record");
  await daemon.tidy();
  expect(names(disk, "journal").filter((path) => path.includes(inc)).length).toBe(2);
  expect(disk.files.has(`/s/inst/${inc}`)).toBe(true);

  const taken = await held(daemon);
  expect(taken.openIntents.map(({ line }) => line.inc)).toEqual([inc]);
  await daemon.tidy();
  expect([...disk.files.keys()].filter((path) => path.includes(inc))).toEqual([
    `/s/inst/${inc}.dead`,
  ]);
});

test("a temporary file that no engine owns goes when it was seen for an hour, and not before", async () => {
  const { disk, clock, daemon } = await aDaemon(() => "unknown");
  // One that is about to begin, or an init that was cut off.
  disk.files.set("/s/tmp/beginning.ab.1.0a0a0a0a", "{}");
  await daemon.tidy();
  await pass(clock, HOUR_S - 1);
  await daemon.tidy();
  expect(names(disk, "tmp")).toEqual(["/s/tmp/beginning.ab.1.0a0a0a0a"]);
  await pass(clock, 1);
  await daemon.tidy();
  expect(names(disk, "tmp")).toEqual([]);
});

test("a proven death is forgotten after thirty days, one that may be a pause never is", async () => {
  const { disk, clock, daemon } = await aDaemon(() => "unknown");
  const death = (proven: boolean, days: number): string =>
    JSON.stringify({ by: "x", at: clock.now() - days * DAY_MS, proven });
  disk.files.set("/s/inst/old.1.dead", death(true, 31));
  disk.files.set("/s/inst/new.1.dead", death(true, 29));
  disk.files.set("/s/inst/paused.1.dead", death(false, 900));
  await daemon.tidy();
  expect(names(disk, "inst").filter((path) => path.endsWith(".dead"))).toEqual([
    "/s/inst/new.1.dead",
    "/s/inst/paused.1.dead",
  ]);
});

test("the register keeps what was there at init and the newest entries", async () => {
  const { disk, daemon } = await aDaemon(() => "unknown");
  const entry = { requests: {}, allocations: {}, commit: null, subject: null, why: "" };
  for (let seq = 1; seq <= 150; seq += 1)
    await daemon.propose({ ...entry, tree: `t${seq}`, names: [], readAtSeq: seq });
  await daemon.tidy();
  const kept = names(disk, "register").map((path) => Number(path.split("/").at(-1)));
  expect([kept[0], kept[1], kept.length]).toEqual([1, 52, 101]);
  expect((await daemon.inForce())?.seq).toBe(151);
});

test("a history that people wrote for years on a node that nobody held is short again once it is held", async () => {
  const { disk, daemon } = await aDaemon(() => "unknown");
  const entry = { at: 0, step: null, action: null, commit: null, by: "ada", fence: null };
  const more = { code: null, durationMs: null };
  for (let line = 0; line < 2000; line += 1)
    await daemon.appendHistory(UUID, { ...entry, ...more, event: "held", message: `${line}` });
  const grant = await held(daemon);
  await grant.addHistory({ ...entry, ...more, event: "done", message: "the last" });
  await grant.release();
  const [path = ""] = names(disk, "nodes").filter((name) => name.endsWith("history.jsonl"));
  expect(disk.files.get(path)?.split("\n").length).toBe(HISTORY_MAX + 1);
  expect((await daemon.history(UUID)).at(-1)?.message).toBe("the last");
});

/** Register entries that a daemon would tidy away, had it not been stopped after it listed them. */
async function stoppedWhileItTidies() {
  const disk = new MemoryFiles();
  const clock = new FakeClock();
  const layout = new Layout("/s");
  await initStore("/s", STORE, storePorts(disk, 1, { clock }));
  for (let seq = 2; seq <= 120; seq += 1) await disk.put(layout.entry(seq), "{}");
  let wake = (): void => undefined;
  let isTidying = false;
  let lists = 0;
  const slow = disk.sharedWith(async (operation, path) => {
    if (!isTidying || operation !== "remove" || path !== layout.entry(2)) return;
    // It would go on with the ones after this one.
    lists += 1;
    if (lists === 1) await new Promise<void>((go) => (wake = go));
  });
  const entry = { seq: 120, commit: null, subject: null, tree: "t", by: "b", at: 0, why: "w" };
  await disk.put(layout.entry(120), JSON.stringify({ ...entry, names: [], requests: {} }));
  const daemon = await acting(storePorts(slow, 2, { clock }), "daemon", "watch");
  isTidying = true;
  const tidying = daemon.tidy();
  await turns(100);
  expect(lists).toBe(1);
  return { disk, clock, layout, tidying, wake };
}

test("a daemon that was stopped while it tidied removes nothing from a store that was replaced meanwhile", async () => {
  const { disk, layout, tidying, wake } = await stoppedWhileItTidies();
  await replaceStore("/s", STORE, storePorts(disk, 3));
  for (let seq = 2; seq <= 5; seq += 1) await disk.put(layout.entry(seq), "{}");
  wake();
  await tidying;
  // The one that it was about to remove is all that files leave open.
  expect(names(disk, "register")).toHaveLength(4);
});

test("a daemon whose lease ran out while it tidied removes nothing more", async () => {
  const { disk, clock, tidying, wake } = await stoppedWhileItTidies();
  clock.advance(10 * TTL_SECONDS * 1000);
  wake();
  await tidying;
  expect(names(disk, "register")).toHaveLength(119);
});
