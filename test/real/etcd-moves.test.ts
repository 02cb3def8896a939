import { afterAll, expect, onTestFinished, test } from "vitest";
import { initStore } from "../../engine/run/store/init-store.ts";
import { moveStore } from "../../engine/run/store/move-store.ts";
import { turns } from "../support/a-disk.ts";
import { acting, type FateOf, held, INTENT, STORE, storePorts, UUID } from "../support/a-store.ts";
import { startEtcd } from "../support/an-etcd.ts";
import { clientOf, EtcdDisk, untilIdle } from "../support/etcd-disk.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { type Before, type Disk, MemoryFiles } from "../support/memory-files.ts";

const etcd = await startEtcd();
afterAll(() => etcd.close());

const ACTOR = { name: "migrate-store", role: "command", host: "h" } as const;
/** The engine that used the store is seen to be gone; of movers only their counters tell. */
const FATE: { readonly fateOf: FateOf } = { fateOf: (pid) => (pid < 10 ? "gone" : "unknown") };
const TURNS_MAX = 500;

/** Seconds pass until it is so; no test waits by a clock. */
async function passUntil(clock: FakeClock, isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX && !isSo(); turn += 1) {
    clock.advance(1000);
    await turns();
    await untilIdle();
  }
  expect(isSo()).toBe(true);
}

/** In one step with each write: no look of before it is what this rests on. */
test.each([
  { when: "remove", path: "/s/holds/left/by-an-earlier-try.json" },
  { when: "rename", path: /nodes/ },
  { when: "remove", path: "/s/store.json" },
])(
  "a move that stood still right before its $when of $path changes nothing in etcd when it wakes",
  async ({ when, path }) => {
    const client = clientOf(etcd.endpoints, `/moves-${String(path).replaceAll(/\W/g, "")}`);
    onTestFinished(() => client.close());
    const [from, to] = [new MemoryFiles(), new EtcdDisk(client)];
    await initStore("/s", STORE, storePorts(from, 1));
    const used = await acting(storePorts(from, 2));
    await (await held(used)).intent(INTENT);
    await used.close();
    await to.put("/s/holds/left/by-an-earlier-try.json", "{}");
    const tombstone = { ...(JSON.parse(from.files.get("/s/store.json") ?? "") as object) };
    const movedTo = { backend: "file", place: "/s", at: 1, by: "a test", format: 2 };
    await to.put("/s/store.json", JSON.stringify({ ...tombstone, movedTo }));

    let wake = (): void => undefined;
    let isStopped = false;
    const before: Before = async (operation, where) => {
      const isIt = typeof path === "string" ? where === path : path.test(where);
      if (isStopped || operation !== when || !isIt) return;
      isStopped = true;
      await new Promise<void>((go) => (wake = go));
    };
    const move = (files: Disk, pid: number, clock: FakeClock): ReturnType<typeof moveStore> =>
      moveStore({
        dir: "/s",
        from: storePorts(from, pid, { clock, ...FATE }),
        to: storePorts(files, pid, { clock, ...FATE }),
        actor: ACTOR,
      });
    const [mine, other] = [new FakeClock(), new FakeClock()];
    const stopped = move(to.sharedWith(before), 30, mine);
    await passUntil(mine, () => isStopped);
    let isDone = false;
    const another = move(to, 31, other).finally(() => (isDone = true));
    await passUntil(other, () => isDone);
    expect(await another).toMatchObject({ ok: true });

    const next = await acting(storePorts(to, 40, FATE));
    const grant = await held(next);
    const there = await to.dump();
    wake();
    const message = expect.stringContaining("ironwright migrate store");
    expect(await stopped).toMatchObject({ ok: false, failure: { code: "IW-L02", message } });
    expect(await to.dump()).toEqual(there);
    expect((await next.record(UUID))?.fence).toBe(grant.fence);
    await next.close();
  },
);
