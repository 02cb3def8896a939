import { expect, test } from "vitest";
import { loginGuard } from "../../../../engine/run/login-guard.ts";
import type { LoginSlots } from "../../../../engine/run/ports.ts";
import { openReader } from "../../../../engine/run/store/open-store.ts";
import { defaultSettings } from "../../../../schemas/settings.ts";
import { aNode } from "../../../support/a-fleet.ts";
import { storePorts } from "../../../support/a-store.ts";
import { Engine, Hall, REF } from "../../../support/login-hall.ts";
import { systemError } from "../../../support/memory-files.ts";

const NAMES = Array.from({ length: 600 }, (_, index) => `n${index}`);
function third(part: number): readonly string[] {
  return NAMES.filter((_, index) => index % 3 === part);
}

test.each([1, 2, 3])(
  "a wrong password is refused by three BMCs in all, whoever tries it at the same time (seed %i)",
  async (seed) => {
    const hall = await new Hall().init();
    const engines = await Promise.all(
      [2, 3, 4].map((pid) => Engine.open(hall, pid + 10 * seed, "wrong")),
    );
    const ends = await hall.time.run(
      Promise.all(engines.map((engine, part) => engine.loginAll(third(part)))),
    );
    expect(hall.total).toBe(3);
    expect(Math.max(...hall.refused.values())).toBe(1);
    const told = ends.flat().filter((end) => end !== "refused");
    expect(told).toHaveLength(597);
    for (const end of told) expect(end).toMatchObject({ code: "IW-B19" });
    expect(told[0]).toMatchObject({ message: expect.stringMatching(/BMC_PASSWORD.*retry n\d/) });
    // A new process knows it, too; one with another password is not kept from trying.
    const later = await Engine.open(hall, 99, "wrong");
    expect(await hall.time.run(later.login("n5"))).toMatchObject({ code: "IW-B19" });
    expect(hall.total).toBe(3);
    later.password = "right";
    expect(await hall.time.run(later.login("n5"))).toBeNull();
  },
);

test("two engines that try the same BMC at the same time send it one wrong password", async () => {
  const hall = await new Hall().init();
  const engines = await Promise.all([2, 3, 4].map((pid) => Engine.open(hall, pid, "wrong")));
  await hall.time.run(Promise.all(engines.map((engine) => engine.login("n1"))));
  expect(hall.total).toBe(1);
});

test("a good password is soon known to be good, and BMCs that have another are sent it once", async () => {
  const hall = await new Hall().init();
  const odd = new Set(["n100", "n407"]);
  hall.takes = (bmc) => (odd.has(bmc) ? "odd" : "right");
  const engines = await Promise.all([2, 3, 4].map((pid) => Engine.open(hall, pid, "right")));
  const round = async (): Promise<ReadonlyMap<string, unknown>> => {
    const ends = await hall.time.run(
      Promise.all(engines.map((engine, part) => engine.loginAll(third(part)))),
    );
    return new Map(engines.flatMap((_, part) => third(part).map((n, at) => [n, ends[part]?.[at]])));
  };
  await round();
  await hall.time.run(hall.time.clock().sleep(120_000));
  const ends = await round();
  expect(Math.max(...hall.refused.values())).toBe(1);
  for (const [name, end] of ends)
    if (odd.has(name)) expect(end).toMatchObject({ code: "IW-B04" });
    else expect(end).toBeNull();
});

test("a BMC that takes the secret frees what was refused elsewhere", async () => {
  const hall = await new Hall().init();
  hall.takes = (bmc) => (bmc === "n1" || bmc === "n2" ? "odd" : "right");
  const [a, b] = [await Engine.open(hall, 2, "right"), await Engine.open(hall, 3, "right")];
  await hall.time.run(a.loginAll(["n1", "n2"]));
  const places = (): number =>
    [...hall.disk.files.keys()].filter((path) => path.includes(".try.")).length;
  expect(places()).toBe(2);
  expect(await hall.time.run(b.login("n3"))).toBeNull();
  expect(places()).toBe(0);
  expect(await hall.time.run(b.login("n1"))).toMatchObject({ code: "IW-B04" });
});

test("a person's retry lets it be tried again at that BMC; a resume a few more times", async () => {
  const hall = await new Hall().init();
  const engine = await Engine.open(hall, 2, "wrong");
  await hall.time.run(engine.loginAll(NAMES.slice(0, 10)));
  expect(hall.total).toBe(3);
  const [tried = ""] = hall.refused.keys();
  const bmc = { node: "its sibling", address: `https://${tried}:443/` };
  await engine.slots.forgive(JSON.stringify(REF), bmc);
  hall.takes = () => "wrong";
  expect(await hall.time.run(engine.login(tried))).toBeNull();
  hall.takes = () => "right";
  await hall.time.run(hall.time.clock().sleep(120_000));
  await hall.time.run(engine.loginAll(NAMES.slice(20, 40)));
  expect(hall.total).toBe(6);
  await engine.slots.forgive(null, null);
  await hall.time.run(engine.loginAll(NAMES.slice(40, 60)));
  expect(hall.total).toBe(9);
});

test("tries of an engine that was killed are given back, at once or when none can last any longer", async () => {
  const hall = await new Hall().init();
  const dead = await Engine.open(hall, 2, "right");
  const at = (node: string): Parameters<LoginSlots["begin"]>[0] => ({
    secret: JSON.stringify(REF),
    node,
    address: `https://${node}`,
    version: () => Promise.resolve("v"),
  });
  const limits = { most: 3, tryMaxMs: 60_000 };
  for (const node of ["a", "b", "c"])
    expect(await dead.slots.begin(at(node), limits, false)).toEqual({ kind: "go" });
  // Of another host nobody can tell.
  const far = await Engine.open(hall, 3, "right", () => "unknown");
  expect(await far.slots.begin(at("d"), limits, false)).toEqual({ kind: "wait" });
  await hall.time.run(hall.time.clock().sleep(59_000));
  expect(await far.slots.begin(at("d"), limits, false)).toEqual({ kind: "wait" });
  const near = await Engine.open(hall, 4, "right", (pid) => (pid === 2 ? "gone" : "alive"));
  expect(await near.slots.begin(at("e"), limits, false)).toEqual({ kind: "go" });
  await near.slots.end(at("e"), "other");
  for (const node of ["a", "b", "c"]) await dead.slots.begin(at(node), limits, false);
  await far.slots.begin(at("d"), limits, false);
  await hall.time.run(hall.time.clock().sleep(61_000));
  expect(await far.slots.begin(at("d"), limits, false)).toEqual({ kind: "go" });
});

test("nothing that lies in the store is a password, or a bare hash of one", async () => {
  const hall = await new Hall().init();
  const engine = await Engine.open(hall, 2, "wrong");
  await hall.time.run(engine.loginAll(NAMES.slice(0, 10)));
  const names = [...hall.disk.files.keys()].filter((path) => path.startsWith("/s/logins/"));
  expect(names.filter((path) => path.includes(".try."))).toHaveLength(3);
  const [first, again] = [await engine.slots.key(), await engine.slots.key()];
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(again).toBe(first);
  const other = await Engine.open(hall, 3, "wrong");
  expect(await other.slots.key()).toBe(first);
});

test.each(["", "{", "[]"])("a place that a power cut tore (%j) is no place", async (text) => {
  const hall = await new Hall().init();
  const engine = await Engine.open(hall, 2, "right");
  await hall.time.run(engine.login("n1"));
  const other = await Engine.open(hall, 3, "wrong");
  await hall.time.run(other.login("n2"));
  const torn = [...hall.disk.files.keys()].find((path) => path.includes(".try."));
  if (torn === undefined) throw new Error("no place was taken");
  hall.disk.files.set(torn, text);
  const last = await Engine.open(hall, 4, "right");
  expect(await hall.time.run(last.login("n3"))).toBeNull();
});

test("whoever may not write into the store counts for itself, and what is no fault of the disk is told", async () => {
  const hall = await new Hall().init();
  const full = hall.disk.sharedWith((operation) =>
    operation === "create" ? Promise.reject(systemError("EACCES")) : Promise.resolve(),
  );
  const reader = await openReader("/s", { store: "store" }, storePorts(full, 2));
  if (!reader.ok) throw new Error(reader.failure.message);
  const { logins } = reader.value;
  const login = {
    node: aNode("n1", { bmc: { address: "https://n1", password: REF } }),
    address: "",
  };
  const guard = (slots: LoginSlots): ReturnType<typeof loginGuard> =>
    loginGuard({
      slots: () => Promise.resolve(slots),
      secretVersion: () => Promise.resolve("v"),
      settings: defaultSettings(),
    });
  expect(await guard(logins).begin(login, false)).toBe("alone");
  const broken = { ...logins, begin: () => Promise.reject(new Error("a bug")) };
  await expect(guard(broken).begin(login, false)).rejects.toThrow("a bug");
});
