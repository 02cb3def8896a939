import { afterAll, expect, onTestFinished, test } from "vitest";
import { declareRestored, initStore } from "../../engine/run/store/init-store.ts";
import { Layout } from "../../engine/run/store/layout.ts";
import { openActing, openReader } from "../../engine/run/store/open-store.ts";
import { ACT, acting, held, STORE, storePorts, TTL_SECONDS, UUID } from "../support/a-store.ts";
import { startEtcd } from "../support/an-etcd.ts";
import { clientOf, EtcdDisk } from "../support/etcd-disk.ts";

// As `etcdutl snapshot restore --bump-revision` leaves an etcd whose token was kept: the same cluster, of an earlier state, at
// a revision above all that any host saw.
const etcd = await startEtcd();
afterAll(() => etcd.close());
let count = 0;

const MEANT = { store: "store", witnessDir: "/home/seen" };
const EXPECTED = { ...MEANT, ttlSeconds: TTL_SECONDS };
const ACTOR = { name: "e", role: "apply", host: "h" } as const;

async function aDisk(): Promise<EtcdDisk> {
  count += 1;
  const client = clientOf(etcd.endpoints, `/set-back-${count}`);
  onTestFinished(() => client.close());
  const disk = new EtcdDisk(client);
  await initStore("/s", STORE, storePorts(disk, 1));
  return disk;
}

async function setBack(disk: EtcdDisk, snapshot: ReadonlyMap<string, string>): Promise<void> {
  const inStore = (path: string): boolean => path.startsWith("/s/");
  for (const path of [...(await disk.dump()).keys()].filter(inStore)) await disk.drop(path);
  for (const [path, text] of snapshot) if (inStore(path)) await disk.put(path, text);
}

async function use(disk: EtcdDisk, seed: number): Promise<void> {
  const opened = await openActing("/s", EXPECTED, ACTOR, storePorts(disk, seed));
  if (!opened.ok) throw new Error(opened.failure.message);
  await opened.value.close();
}

test("an etcd that was set back to before this host used it last is refused, whatever its revision", async () => {
  const disk = await aDisk();
  await use(disk, 2);
  const snapshot = await disk.dump();
  await use(disk, 3);
  await use(disk, 4);
  await setBack(disk, snapshot);
  const refused = {
    ok: false,
    failure: { code: "IW-S04", message: expect.stringContaining("ironwright init --restored") },
  };
  for (let tries = 0; tries < 2; tries += 1) {
    expect(await openActing("/s", EXPECTED, ACTOR, storePorts(disk, 5))).toMatchObject(refused);
    expect(await openReader("/s", EXPECTED, storePorts(disk, 6))).toMatchObject(refused);
  }
  expect(await declareRestored("/s", MEANT, storePorts(disk, 7))).toMatchObject({ ok: true });
  await use(disk, 8);
  await use(disk, 9);
});

test("what hosts leave there does not grow, and engines of one host do not take each other for a snapshot", async () => {
  const disk = await aDisk();
  const open = (seed: number): ReturnType<typeof openActing> =>
    openActing("/s", EXPECTED, { ...ACTOR, name: `e${seed}` }, storePorts(disk, seed));
  const opened = await Promise.all([2, 3, 4, 5].map(open));
  expect(opened.map(({ ok }) => ok)).toEqual([true, true, true, true]);
  await Promise.all(opened.flatMap((one) => (one.ok ? [one.value.close()] : [])));
  await use(disk, 6);
  expect(await disk.list("/s/marks")).toHaveLength(1);
});

test("an engine under which etcd was set back marks nothing, and the next one is refused", async () => {
  const disk = await aDisk();
  const snapshot = await disk.dump();
  const living = await openActing("/s", EXPECTED, ACTOR, storePorts(disk, 2));
  await setBack(disk, snapshot);
  if (living.ok) await living.value.close();
  expect(await openReader("/s", EXPECTED, storePorts(disk, 3))).toMatchObject({
    ok: false,
    failure: { code: "IW-S04" },
  });
});

test("a lease whose number another engine took after etcd was set back sends nothing", async () => {
  const disk = await aDisk();
  const snapshot = await disk.dump();
  const before = await acting(storePorts(disk, 2));
  const grant = await held(before);
  expect(await grant.check(ACT)).toBeNull();
  await setBack(disk, snapshot);
  const after = await acting(storePorts(disk, 3));
  const other = await held(after);
  expect(other.fence).toBe(grant.fence);
  expect(await disk.exists(new Layout("/s").claim(UUID, grant.fence))).toBe(true);
  expect(await grant.check(ACT)).toMatchObject({ code: "IW-L02" });
  expect(await other.check(ACT)).toBeNull();
});
