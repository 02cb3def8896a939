import { expect, test } from "vitest";
import type { ActingStore } from "../../../engine/run/ports.ts";
import { StoreTrouble } from "../../../engine/run/store/store-files.ts";
import { aWorld, messageOf, statuses } from "../../support/family-world.ts";
import { systemError } from "../../support/memory-files.ts";

/** A store of which one call fails for one node, once it did for so many times what it should. */
function failing(call: keyof ActingStore, of: string, error: Error, after = 0) {
  let left = after;
  return (store: ActingStore): ActingStore =>
    new Proxy(store, {
      get(it, key) {
        const value: unknown = Reflect.get(it, key, it);
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown => {
          if (key !== call || !JSON.stringify(args).includes(of)) return value.apply(it, args);
          left -= 1;
          return left < 0 ? Promise.reject(error) : value.apply(it, args);
        };
      },
    });
}

async function threeNodes(): ReturnType<typeof aWorld> {
  const is = { is: "on", spec: { power: "off" } } as const;
  return aWorld({ n1: is, n2: is, n3: is });
}

const SILENT = new StoreTrouble("IW-S10", "etcd at e1: it did not answer", "transient");

test.each([
  ["takeSlot", SILENT, 0],
  ["takeSlot", SILENT, 1],
  ["holdsOf", SILENT, 0],
  ["lease", SILENT, 0],
  ["freeSlots", SILENT, 0],
  ["takeSlot", new StoreTrouble("IW-S07", "etcd at: /s/budgets/x is damaged"), 0],
  ["takeSlot", Object.assign(systemError("EIO"), { message: "did not answer" }), 0],
] as const)(
  "where %s of one node is answered by trouble (%s, after %i calls) that node has failed, and no other",
  async (call, error, after) => {
    const { world, wire } = await threeNodes();
    const uuid = world.fleet.nodes.find(({ name }) => name === "n1")?.uuid ?? "";
    const told: string[] = [];
    world.hear = ({ event, node, code }) => void told.push(`${event} ${node} ${code}`);
    const applied = await world.apply({ store: failing(call, uuid, error, after) });
    expect(statuses(applied)).toEqual({ n1: "failed", n2: "applied", n3: "applied" });
    expect(messageOf(applied, "n1")).toMatch(/etcd at|the disk fails/);
    expect(wire).toEqual(expect.arrayContaining(["n2 power.softOff", "n3 power.softOff"]));
    expect(told.join()).toMatch(/node.failed n1 IW-S(10|07|06)/);
    // Nothing was left behind that keeps the next apply from it.
    const next = await world.apply();
    expect(Object.values(statuses(next)).every((status) => status !== "failed")).toBe(true);
  },
);

test("a bug in one node's turn is thrown once all others have come to their end", async () => {
  const { world } = await threeNodes();
  const uuid = world.fleet.nodes.find(({ name }) => name === "n1")?.uuid ?? "";
  const done = new Set<string | null>();
  world.hear = ({ event, node }) => void (event === "node.done" ? done.add(node) : null);
  const bug = new TypeError("x is not a function");
  await expect(world.apply({ store: failing("holdsOf", uuid, bug) })).rejects.toThrow(bug);
  expect(done).toEqual(new Set(["n2", "n3"]));
});
