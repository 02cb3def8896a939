import { describe, expect, it } from "vitest";
import { newFakeMachine, parseFakeMachine } from "../../../drivers/fake/fake-machine.ts";
import { fakeType } from "../../../drivers/fake/fake-type.ts";
import { known } from "../../../schemas/observation.ts";
import { performContext, testNode, testPorts } from "../support/driver-bench.ts";

describe("a fake machine that is kept", () => {
  it("reads the version before, and goes on from it", () => {
    const node = testNode("n1", { fake: { disks: [{ serial: "A" }] } });
    const before = {
      version: 1,
      power: "on",
      bootDevice: "pxe",
      bootMode: "bios",
      secureBoot: true,
      sessions: ["/fake/sessions/n1/7"],
      sessionsMade: 7,
      acts: 12,
    };
    expect(parseFakeMachine(JSON.stringify(before), node)).toMatchObject({
      ...before,
      version: 2,
      acts: 0,
      runs: "instance",
      nextBoot: null,
      disks: [{ serial: "A", content: "data" }],
    });
  });

  it("a disk that git takes away is gone, one that it adds holds somebody's data", () => {
    const before = testNode("n1", { fake: { disks: [{ serial: "A" }, { serial: "B" }] } });
    const disks = newFakeMachine(before).disks.map((disk) => ({ ...disk, content: "blank" }));
    const text = JSON.stringify({ ...newFakeMachine(before), disks });
    const fake = { disks: [{ serial: "B", name: "sdb" }, { serial: "C" }] };
    const later = parseFakeMachine(text, testNode("n1", { fake }));
    expect(later.disks).toMatchObject([
      { serial: "B", name: "sdb", content: "blank" },
      { serial: "C", content: "data" },
    ]);
  });

  it("lists no disk where git gives it none", () => {
    expect(parseFakeMachine(null, testNode("n1", { fake: { disks: [] } })).disks).toEqual([]);
  });

  it("a driver that closes leaves what another did since", async () => {
    const kept = new Map<string, string>();
    const fakeState = {
      read: (name: string) => Promise.resolve(kept.get(name) ?? null),
      write: (name: string, text: string) => Promise.resolve(void kept.set(name, text)),
    };
    const node = testNode("n1", { driver: "fake" });
    const [old, other] = [
      fakeType.open(testPorts({ fakeState })),
      fakeType.open(testPorts({ fakeState })),
    ];
    await old.perform(node, { verb: "session.open" }, performContext());
    await other.perform(node, { verb: "session.open" }, performContext());
    await other.perform(node, { verb: "power.on" }, performContext());
    await old.close();
    expect(known(await other.observe(node, ["power"]), "power")).toBe("on");
    expect((await other.perform(node, { verb: "power.off" }, performContext())).sent).toBe(true);
  });

  it("a reading while an act is being written down shows the act", async () => {
    const store = heldStore();
    const driver = fakeType.open(testPorts({ fakeState: store }));
    await driver.perform(N1, { verb: "session.open" }, performContext());
    const release = store.hold("write");
    const acting = driver.perform(N1, { verb: "power.on" }, performContext());
    await release.reached;
    expect(known(await driver.observe(N1, ["power"]), "power")).toBe("on");
    release.go();
    expect((await acting).sent).toBe(true);
  });

  it("a reading that was begun before an act and ends after it undoes nothing", async () => {
    const store = heldStore();
    const driver = fakeType.open(testPorts({ fakeState: store }));
    await driver.perform(N1, { verb: "session.open" }, performContext());
    const release = store.hold("read");
    const reading = driver.observe(N1, ["power"]);
    await release.reached;
    await driver.perform(N1, { verb: "power.on" }, performContext());
    const check = async () => {
      release.go();
      await reading;
      return null;
    };
    const act = { verb: "management.setBootMode", mode: "bios" } as const;
    await driver.perform(N1, act, performContext({ check }));
    expect(known(await driver.observe(N1, ["power"]), "power")).toBe("on");
  });
});

const N1 = testNode("n1", { driver: "fake" });

/** A store of one machine whose next call can be held up; a read that is held answers what was there before. */
function heldStore() {
  let text: string | null = null;
  const held: { what: "read" | "write"; reach: () => void; gate: Promise<void> }[] = [];
  const pass = async (what: "read" | "write") => {
    const [first] = held;
    if (first?.what !== what) return;
    held.shift();
    first.reach();
    await first.gate;
  };
  return {
    read: async () => {
      const before = text;
      await pass("read");
      return before;
    },
    write: async (_name: string, written: string) => {
      await pass("write");
      text = written;
    },
    hold: (what: "read" | "write") => {
      let go: () => void = () => undefined;
      let reach: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (go = resolve));
      const reached = new Promise<void>((resolve) => (reach = resolve));
      held.push({ what, reach: () => reach(), gate });
      return { reached, go: () => go() };
    },
  };
}
