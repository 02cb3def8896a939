import { describe, expect, it } from "vitest";
import type { FakeMachine } from "../../../drivers/fake/fake-machine.ts";
import { parseFakeMachine } from "../../../drivers/fake/fake-machine.ts";
import { fakeType } from "../../../drivers/fake/fake-type.ts";
import type { DriverAction, StepRun } from "../../../schemas/action.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import { known, type ObservedFacet, type ObservedFacets } from "../../../schemas/observation.ts";
import { type InterfaceName, INTERFACES } from "../../../schemas/steps.ts";
import { performContext, testNode, testPorts } from "../support/driver-bench.ts";

type StepName = `${InterfaceName}.${string}`;

const SERIALS = ["DISK-A", "DISK-B"];

/** One fake machine with two disks, a clock that the test moves, and a way to see what became of it. */
async function machineOf(fake: NonNullable<NodeSpec["fake"]> = {}, spec: NodeSpec = {}) {
  let now = 1_000_000;
  let text: string | null = null;
  const fakeState = {
    read: () => Promise.resolve(text),
    write: (_node: string, written: string) => {
      text = written;
      return Promise.resolve();
    },
  };
  const disks = SERIALS.map((serial) => ({ serial, sizeGb: 960 }));
  const node = testNode("n1", { ...spec, driver: "fake", fake: { disks, ...fake } });
  const ports = testPorts({ fakeState });
  const driver = fakeType.open({ ...ports, clock: { ...ports.clock, now: () => now } });
  const perform = (act: DriverAction) => driver.perform(node, act, performContext());
  const step = (id: string, name: StepName, rest: Partial<StepRun> = {}) => {
    const where = INTERFACES.find((one) => name.startsWith(`${one}.`)) ?? "vendor";
    const call = { interface: where, step: name.slice(where.length + 1), args: {}, disks: null };
    return perform({ verb: "step.run", id, inBand: true, ...call, ...rest });
  };
  await perform({ verb: "session.open" });
  return {
    node,
    perform,
    step,
    pass: (ms: number) => {
      now += ms;
    },
    bootRamdisk: async () => {
      await perform({ verb: "boot.ramdisk", purpose: "deploy" });
      await perform({ verb: "power.off" });
      await perform({ verb: "power.on" });
    },
    read: async <F extends ObservedFacet>(facet: F): Promise<ObservedFacets[F] | undefined> =>
      known(await driver.observe(node, [facet]), facet),
    inside: (): FakeMachine => parseFakeMachine(text, node),
  };
}

const contents = ({ disks }: FakeMachine) => disks.map(({ content }) => content);

describe("a fake machine's life", () => {
  it("power takes its time, and the agent its own after it", async () => {
    const machine = await machineOf({ powerMs: 5000, agentMs: 90_000 });
    await machine.perform({ verb: "boot.ramdisk", purpose: "clean" });
    await machine.perform({ verb: "power.on" });
    expect(await machine.read("power")).toBe("powering-on");
    machine.pass(5000);
    expect(await machine.read("power")).toBe("on");
    machine.pass(89_999);
    expect(await machine.read("agent")).toEqual({ running: false, bootId: null });
    machine.pass(1);
    expect((await machine.read("agent"))?.running).toBe(true);
    await machine.perform({ verb: "power.softOff" });
    expect(await machine.read("power")).toBe("powering-off");
    expect((await machine.read("agent"))?.running).toBe(true);
    machine.pass(5000);
    expect(await machine.read("power")).toBe("off");
    expect((await machine.read("agent"))?.running).toBe(false);
  });

  it("a step that is cut off by power off has done nothing, and is forgotten", async () => {
    const machine = await machineOf({ stepMs: 60_000 });
    await machine.bootRamdisk();
    await machine.step("a/1", "deploy.erase_devices", { disks: SERIALS });
    machine.pass(59_999);
    await machine.perform({ verb: "power.off" });
    machine.pass(60_000);
    expect(contents(machine.inside())).toEqual(["data", "data"]);
    expect(await machine.read("work")).toEqual({ id: null, state: "none", message: null });
  });

  it("a step of the BMC goes on while power is off", async () => {
    const machine = await machineOf({ stepMs: 60_000, power: "on" });
    const settings = [{ name: "ProcTurboMode", value: "Enabled" }];
    await machine.step("a/1", "bios.apply_configuration", { inBand: false, args: { settings } });
    await machine.perform({ verb: "power.off" });
    expect((await machine.read("work"))?.state).toBe("running");
    expect(await machine.read("bios")).toEqual({});
    machine.pass(60_000);
    expect(await machine.read("work")).toEqual({ id: "a/1", state: "done", message: null });
    expect(await machine.read("bios")).toEqual({ ProcTurboMode: "Enabled" });
    await machine.step("a/2", "bios.factory_reset", { inBand: false });
    machine.pass(60_000);
    expect(await machine.read("bios")).toEqual({});
  });

  it("a step that names its duration takes as long", async () => {
    const machine = await machineOf();
    await machine.step("a/1", "vendor.slow", { inBand: false, args: { duration: 30 } });
    machine.pass(29_999);
    expect((await machine.read("work"))?.state).toBe("running");
    machine.pass(1);
    expect((await machine.read("work"))?.state).toBe("done");
  });

  it("erases only the disks that are named, and says how often", async () => {
    const machine = await machineOf();
    await machine.bootRamdisk();
    await machine.step("a/1", "deploy.erase_devices_metadata", { disks: ["DISK-B"] });
    expect(contents(machine.inside())).toEqual(["data", "metadata"]);
    await machine.step("a/2", "deploy.erase_devices", { disks: ["DISK-B"] });
    await machine.step("a/2", "deploy.erase_devices", { disks: ["DISK-B"] });
    const [first, second] = machine.inside().disks;
    expect(first).toMatchObject({ content: "data", erasures: 0, metadataErasures: 0 });
    expect(second).toMatchObject({ content: "blank", erasures: 1, metadataErasures: 1 });
  });

  it("writes the image to the one disk that is named, which then boots", async () => {
    const machine = await machineOf({}, { provision: { image: { name: "ubuntu-24.04" } } });
    await machine.bootRamdisk();
    const both = await machine.step("a/1", "deploy.write_image", { disks: SERIALS });
    expect(both).toMatchObject({ sent: "refused", failure: { code: "IW-B10" } });
    await machine.step("a/1", "deploy.erase_devices", { disks: SERIALS });
    await machine.step("a/2", "deploy.write_image", { disks: ["DISK-A"] });
    expect(contents(machine.inside())).toEqual(["ubuntu-24.04", "blank"]);
    expect(machine.inside().disks.map(({ writes }) => writes)).toEqual([1, 0]);
    await machine.perform({ verb: "boot.instance" });
    await machine.perform({ verb: "power.off" });
    expect(machine.inside().runs).toBe("nothing");
    await machine.perform({ verb: "power.on" });
    expect(machine.inside().runs).toBe("instance");
  });

  it("boots nothing from disks that are blank", async () => {
    const machine = await machineOf();
    await machine.bootRamdisk();
    await machine.step("a/1", "deploy.erase_devices", { disks: SERIALS });
    await machine.perform({ verb: "power.off" });
    await machine.perform({ verb: "power.on" });
    expect(machine.inside()).toMatchObject({ power: "on", runs: "nothing" });
  });

  it("rescue is a ramdisk of its own", async () => {
    const machine = await machineOf();
    await machine.perform({ verb: "boot.ramdisk", purpose: "rescue" });
    await machine.perform({ verb: "power.on" });
    expect(machine.inside().runs).toBe("rescue");
    expect((await machine.read("agent"))?.running).toBe(true);
  });

  it("keeps a log of each act in its order", async () => {
    const machine = await machineOf({ failures: ["power.off:ignored"] });
    await machine.bootRamdisk();
    await machine.perform({ verb: "power.on" });
    await machine.step("a/1", "deploy.erase_devices", { disks: SERIALS });
    await machine.step("a/2", "vendor.log", { inBand: false, args: { message: "hello" } });
    await machine.step("a/3", "vendor.nothing");
    expect(machine.inside().log.map(({ n, act }) => `${n} ${act}`)).toEqual([
      "1 boot.ramdisk deploy",
      "2 power.off (ignored)",
      "3 power.on",
      "4 power.on",
      "5 step.run deploy.erase_devices a/1 DISK-A DISK-B",
      "6 step.run vendor.log a/2: hello",
    ]);
  });

  it("keeps the last hundred acts and counts them all", async () => {
    const machine = await machineOf();
    for (let n = 0; n < 130; n += 1) await machine.perform({ verb: "management.injectNmi" });
    const { log, acts } = machine.inside();
    expect([log.length, log[0]?.n, log.at(-1)?.n, acts]).toEqual([100, 31, 130, 130]);
  });
});

describe("what a fake machine refuses", () => {
  it("a step of an implementation that the node has not chosen", async () => {
    const machine = await machineOf({}, { interfaces: { vendor: "no-vendor" } });
    const act = await machine.step("a/1", "vendor.log", { inBand: false, args: { message: "x" } });
    expect(act).toMatchObject({ sent: "refused", failure: { code: "IW-B18" } });
  });

  it("a step without an argument that it needs", async () => {
    const machine = await machineOf();
    const act = await machine.step("a/1", "vendor.log", { inBand: false });
    expect(act).toMatchObject({ sent: "refused", failure: { code: "IW-B10" } });
  });

  it("a step of the ramdisk asked of the BMC", async () => {
    const machine = await machineOf();
    await machine.bootRamdisk();
    const disks = SERIALS;
    const act = await machine.step("a/1", "deploy.erase_devices", { inBand: false, disks });
    expect(act).toMatchObject({ sent: "refused", failure: { code: "IW-B10" } });
  });

  it("names the disks that are there", async () => {
    const machine = await machineOf();
    await machine.bootRamdisk();
    const act = await machine.step("a/1", "deploy.erase_devices", { disks: ["DISK-C"] });
    expect("failure" in act && act.failure.message).toBe(
      'BMC of node "n1" (fake) refused deploy.erase_devices: there is no disk with the serial DISK-C ' +
        "(there are: DISK-A, DISK-B); inspect the node and plan again",
    );
  });
});

describe("failures of a fake machine", () => {
  it("a step fails in its own words, and changes nothing", async () => {
    const machine = await machineOf({ failures: ["step:deploy.write_image"] });
    await machine.bootRamdisk();
    for (const id of ["a/1", "a/1"]) {
      await machine.step(id, "deploy.write_image", { disks: ["DISK-A"] });
      expect(await machine.read("work")).toEqual({
        id,
        state: "failed",
        message: "deploy.write_image failed: its fake.failures says so",
      });
    }
    expect(contents(machine.inside())).toEqual(["data", "data"]);
  });

  it("a step that fails once is done when it is asked for again, by the same id", async () => {
    const machine = await machineOf({ failures: ["step:deploy.write_image:once"] });
    await machine.bootRamdisk();
    await machine.step("a/1", "deploy.write_image", { disks: ["DISK-A"] });
    expect((await machine.read("work"))?.state).toBe("failed");
    await machine.step("a/1", "deploy.write_image", { disks: ["DISK-A"] });
    expect(await machine.read("work")).toEqual({ id: "a/1", state: "done", message: null });
  });

  it("a step whose answer is lost is done all the same, once", async () => {
    const machine = await machineOf({ failures: ["step:deploy.erase_devices:lost"] });
    await machine.bootRamdisk();
    for (let turn = 0; turn < 2; turn += 1) {
      const act = await machine.step("a/1", "deploy.erase_devices", { disks: SERIALS });
      expect(act).toMatchObject({ sent: "unknown", failure: { code: "IW-B12" } });
    }
    expect(await machine.read("work")).toEqual({ id: "a/1", state: "done", message: null });
    expect(machine.inside().disks.map(({ erasures }) => erasures)).toEqual([1, 1]);
  });

  it("an act that is refused once is taken the next time", async () => {
    const machine = await machineOf({ failures: ["power.on:refused:once"] });
    expect((await machine.perform({ verb: "power.on" })).sent).toBe("refused");
    expect((await machine.perform({ verb: "power.on" })).sent).toBe(true);
    expect(machine.inside().log.map(({ act }) => act)).toEqual(["power.on"]);
  });

  it("agent:never: no ramdisk answers; with once, the second does", async () => {
    for (const [word, second] of [
      ["agent:never", false],
      ["agent:never:once", true],
    ] as const) {
      const machine = await machineOf({ failures: [word] });
      await machine.bootRamdisk();
      machine.pass(86_400_000);
      expect(await machine.read("agent")).toEqual({ running: false, bootId: null });
      await machine.bootRamdisk();
      expect((await machine.read("agent"))?.running, word).toBe(second);
    }
  });

  it("vendor.fail fails with the words that it was given", async () => {
    const machine = await machineOf();
    await machine.step("a/1", "vendor.fail", { inBand: false, args: { message: "no fan" } });
    expect(await machine.read("work")).toEqual({ id: "a/1", state: "failed", message: "no fan" });
  });

  it("validate() knows the words, and no others", () => {
    const good = (
      "step:deploy.write_image step:vendor.slow:lost step:vendor.log:failed:once agent:never " +
      "agent:never:once power.on:lost:once boot.ramdisk observe:work"
    ).split(" ");
    expect(fakeType.validate(testNode("n1", { fake: { failures: good } }))).toEqual([]);
    const bad = (
      "step step:deploy.wipe step:deploy.write_image:never agent:lost once observe:once " +
      "power.on:failed step:vendor.log:lost:twice"
    ).split(" ");
    const findings = fakeType.validate(testNode("n1", { fake: { failures: bad } }));
    expect(findings.map(({ path }) => path)).toEqual(bad.map((_, n) => `/fake/failures/${n}`));
  });

  it("validate() names two disks of one serial", () => {
    const disks = [{ serial: "A" }, { serial: "B" }, { serial: "A" }];
    const [finding, ...more] = fakeType.validate(testNode("n1", { fake: { disks } }));
    expect(more).toEqual([]);
    expect(finding?.path).toBe("/fake/disks/2/serial");
  });
});
