import { expect, test } from "vitest";
import { loginGuard } from "../../../../engine/run/login-guard.ts";
import type { LoginSlots } from "../../../../engine/run/ports.ts";
import { openReader } from "../../../../engine/run/store/open-store.ts";
import { StoreTrouble } from "../../../../engine/run/store/store-files.ts";
import { defaultSettings } from "../../../../schemas/settings.ts";
import { aNode } from "../../../support/a-fleet.ts";
import { storePorts } from "../../../support/a-store.ts";
import { AT, Engine, Hall, REF } from "../../../support/login-hall.ts";
import { systemError } from "../../../support/memory-files.ts";

const SILENT = new StoreTrouble("IW-S10", "etcd: the user may not use the keys");

test.each(["begin", "end"] as const)(
  "where the store is in trouble at the %s of a login it is counted alone",
  async (when) => {
    const slots: LoginSlots = {
      key: () => Promise.resolve("k"),
      begin: () => (when === "begin" ? Promise.reject(SILENT) : Promise.resolve({ kind: "go" })),
      end: () => (when === "end" ? Promise.reject(SILENT) : Promise.resolve()),
      forgive: () => Promise.resolve(0),
    };
    const guard = loginGuard({
      slots: () => Promise.resolve(slots),
      secretVersion: () => Promise.resolve("v"),
      settings: defaultSettings(),
    });
    const login = { node: aNode("n1", { bmc: { address: "https://n1", password: REF } }) };
    const begun = await guard.begin({ ...login, address: "https://n1" }, false);
    expect(begun).toBe(when === "begin" ? "alone" : "go");
    await guard.end({ ...login, address: "https://n1" }, "accepted");
  },
);

test.each([
  ["other", "remove"],
  ["accepted", "remove"],
  ["refused", "rename"],
] as const)(
  "what came of a login (%s) is told later where the disk did not take it (%s)",
  async (verdict, failing) => {
    const hall = await new Hall().init();
    let isFull = false;
    const disk = hall.disk.sharedWith((operation) =>
      isFull && operation === failing ? Promise.reject(systemError("ENOSPC")) : Promise.resolve(),
    );
    const reader = await openReader("/s", { store: "store" }, storePorts(disk, 2));
    if (!reader.ok) throw new Error(reader.failure.message);
    const { logins } = reader.value;
    const limits = { most: 1, tryMaxMs: 60_000 };
    expect(await logins.begin(AT("n1"), limits, false)).toEqual({ kind: "go" });
    isFull = true;
    await logins.end(AT("n1"), verdict).catch(() => undefined);
    isFull = false;
    const next =
      verdict === "refused" ? { kind: "refused", here: false, by: ["n1"] } : { kind: "go" };
    expect(await logins.begin(AT("n2"), limits, false)).toEqual(next);
  },
);

test("a command waits longer than a try of a process can last that it can't see", async () => {
  const hall = await new Hall().init();
  const dead = await Engine.open(hall, 2, "right");
  const limits = { most: 3, tryMaxMs: 120_000 };
  for (const node of ["a", "b", "c"]) await dead.slots.begin(AT(node), limits, false);
  const far = await Engine.open(hall, 3, "right", () => "unknown");
  expect(await hall.time.run(far.loginAll(["d", "e", "a"]))).toEqual([null, null, null]);
  // Also one that lives and never told what came of it.
  for (const node of ["a", "b", "c"]) await dead.slots.begin(AT(node), limits, false);
  const near = await Engine.open(hall, 4, "right");
  expect(await hall.time.run(near.login("d"))).toBeNull();
});

test("retry and resume free tries of processes that are not seen to live, and no others", async () => {
  const hall = await new Hall().init();
  const [gone, alive] = [await Engine.open(hall, 2, "x"), await Engine.open(hall, 5, "x")];
  const limits = { most: 2, tryMaxMs: 60_000 };
  await gone.slots.begin(AT("a"), limits, false);
  await alive.slots.begin(AT("b"), limits, false);
  const far = await Engine.open(hall, 3, "x", (pid) => (pid === 2 ? "unknown" : "alive"));
  expect(await far.slots.begin(AT("c"), limits, false)).toEqual({ kind: "wait" });
  expect(await far.slots.forgive(JSON.stringify(REF), { node: "a", address: "" })).toBe(1);
  expect(await far.slots.begin(AT("c"), limits, false)).toEqual({ kind: "go" });
  expect(await far.slots.begin(AT("d"), limits, false)).toEqual({ kind: "wait" });
});

test("no more are under way than may be refused, at whichever moment a person forgives an earlier version", async () => {
  const limits = { most: 3, tryMaxMs: 60_000 };
  for (let moment = 1; moment <= 12; moment += 1) {
    const hall = await new Hall().init();
    const old = await Engine.open(hall, 9, "x");
    const early = (node: string): ReturnType<typeof AT> => ({
      ...AT(node),
      version: () => Promise.resolve("old"),
    });
    await old.slots.begin(early("z"), limits, false);
    await old.slots.end(early("z"), "refused");
    const first = await Engine.open(hall, 2, "x");
    await first.slots.begin(AT("a"), limits, false);
    await first.slots.begin(AT("b"), limits, false);
    const second = await Engine.open(hall, 4, "x");
    let left = moment;
    let other: unknown = null;
    const disk = hall.disk.sharedWith(async () => {
      left -= 1;
      if (left !== 0) return;
      await second.slots.forgive(JSON.stringify(REF), null);
      other = (await second.slots.begin(AT("d"), limits, false)).kind;
    });
    const ports = storePorts(disk, 3, { fateOf: () => "alive" });
    const reader = await openReader("/s", { store: "store" }, ports);
    if (!reader.ok) throw new Error(reader.failure.message);
    left = moment;
    const { kind } = await reader.value.logins.begin(AT("c"), limits, false);
    const through = [kind, other].filter((one) => one === "go").length;
    expect(through, `moment ${moment}`).toBeLessThanOrEqual(1);
  }
});

test("a damaged key is named with its path and a way out, and no secret is sent without it", async () => {
  const hall = await new Hall().init();
  const engine = await Engine.open(hall, 2, "x");
  await engine.slots.key();
  hall.disk.files.set("/s/sealed/logins.key", "{");
  const way = /\/s\/sealed\/logins.key is damaged .*; remove it/;
  await expect(engine.slots.key()).rejects.toThrow(way);
  const guard = loginGuard({
    slots: () => Promise.resolve(engine.slots),
    secretVersion: () => engine.slots.key(),
    settings: defaultSettings(),
  });
  await engine.slots.begin(AT("n1"), { most: 3, tryMaxMs: 1000 }, false);
  await engine.slots.end(AT("n1"), "refused");
  const node = aNode("n1", { bmc: { address: "https://n1", password: REF } });
  const begun = await guard.begin({ node, address: "https://n1" }, false);
  expect(begun).toMatchObject({ code: "IW-S07", message: expect.stringMatching(way) });
});
