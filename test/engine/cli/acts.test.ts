import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { aRack, type Rack } from "../../support/rack.ts";

/** A rack of one machine that is on, adopted, and declared on. */
async function anActiveRack(how: Parameters<typeof aRack>[1] = {}): Promise<Rack> {
  const rack = await aRack(["n1"], { spec: "  power: on\n  drift: { power: enforce }\n", ...how });
  const applied = await rack.run("apply", "--yes");
  expect([applied.code, applied.err]).toEqual([0, expect.any(String)]);
  expect(power(rack)).toBe("On");
  const before = rack.acts().length;
  return { ...rack, acts: () => rack.acts().slice(before) };
}

function power(rack: Rack): string | undefined {
  return rack.simulator.machines.get("n1")?.power(Date.now());
}

/** The ResetTypes that reached the machine. */
function resets(rack: Rack): readonly unknown[] {
  return rack
    .acts()
    .filter(({ path }) => path.endsWith("ComputerSystem.Reset"))
    .map(({ body }) => (body as { ResetType?: unknown }).ResetType);
}

describe("an act that is not done sends nothing, and holds nothing", () => {
  test("what was mistyped, what nobody said yes to, and what no act may do", async () => {
    const rack = await anActiveRack();
    const off = ["node", "power", "off", "n1"];
    const rows = [
      [64, ["node", "power", "off", "n2", "--yes"], 'did you mean "n1"?'],
      [64, off, "ironwright node power off n1 --yes"],
      [64, ["node", "power", "n1", "off"], "ironwright node power off n1"],
      [64, ["node", "boot", "n1", "--device", "floppy"], "is none of disk"],
      [4, [...off, "--yes", "--read-only"], "--read-only"],
    ] as const;
    for (const [code, words, text] of rows) {
      const ran = await rack.run(...words);
      expect([ran.code, rack.acts()]).toEqual([code, []]);
      expect(ran.err).toContain(text);
    }
    const env = { IRONWRIGHT_MODE: "observe" };
    const observed = await rack.runWith(env, ...off, "--yes");
    expect([observed.code, rack.acts()]).toEqual([4, []]);
    expect((await rack.run("holds")).out).toContain("nothing is held");
  });

  test("without a store, as an apply", async () => {
    const rack = await aRack(["n1"], { init: false });
    const act = await rack.run("node", "power", "on", "n1", "--yes");
    const apply = await rack.run("apply", "--yes");
    expect([act.code, apply.code, rack.acts()]).toEqual([3, 3, []]);
  });

  test("where a plan would do nothing: maintenance, observe, a hold, a stop, another machine", async () => {
    const rack = await anActiveRack();
    const refused = async (code: string): Promise<void> => {
      const ran = await rack.run("node", "power", "off", "n1", "--yes", "--json");
      expect([ran.code, rack.acts()]).toEqual([4, []]);
      expect(JSON.parse(ran.out)).toMatchObject({ status: "refused", code, hold: null });
    };
    rack.declare("  maintenance: { enabled: true, reason: fans }\n");
    await refused("IW-P06");
    rack.declare("  mode: observe\n");
    await refused("IW-P09");
    rack.declare("  holds: [ { scope: power, reason: cabling } ]\n");
    await refused("IW-P01");
    rack.declare("  power: on\n");
    await rack.run("stop", "--reason", "a leak");
    await refused("IW-P11");
    await rack.run("resume");
    const machine = rack.simulator.machines.get("n1");
    if (machine !== undefined) machine.identity = { ...machine.identity, serial: "S-other" };
    await refused("IW-P04");
    expect((await rack.run("holds")).out).not.toContain("powered off");
  });

  test("to a machine whose power is off: there is nothing to reboot and to interrupt", async () => {
    const rack = await anActiveRack();
    rack.simulator.pressPowerButton("n1");
    for (const words of [["power", "reboot"], ["nmi"]]) {
      const ran = await rack.run("node", ...words, "n1", "--yes");
      expect([ran.code, rack.acts()]).toEqual([4, []]);
    }
  });

  test("while another engine works on the node: and then no hold is left of it", async () => {
    const rack = await anActiveRack();
    rack.declare("  power: off\n  drift: { power: enforce }\n");
    const other = rack.start({ IRONWRIGHT_TEST_PAUSE_AT: "before-intent" }, "apply", "--yes");
    await expect.poll(async () => (await rack.run("lease", "list")).out).toContain("n1");
    const ran = await rack.run("node", "power", "off", "n1", "--yes");
    expect([ran.code, resets(rack)]).toEqual([5, []]);
    expect((await rack.run("holds")).out).toContain("nothing is held");
    other.child.kill("SIGKILL");
  });
});

describe("node power off", () => {
  test("powers off by one act, and keeps every plan and apply from powering on again", async () => {
    const rack = await anActiveRack();
    const ran = await rack.run("node", "power", "off", "n1", "--yes", "--reason", "smells burnt");
    expect([ran.code, power(rack), resets(rack)]).toEqual([0, "Off", ["ForceOff"]]);
    expect(ran.out).toContain("serial S-n1, power on");
    expect(ran.out).toContain("ironwright node power on n1");
    const plan = await rack.run("plan");
    expect(plan.out).toContain("smells burnt");
    expect(plan.out).not.toContain("power.on");
    const apply = await rack.run("apply", "--yes");
    expect([apply.code, power(rack), resets(rack)]).toEqual([4, "Off", ["ForceOff"]]);
    const history = await rack.run("history", "n1");
    expect(history.out).toMatch(/power\.off/);
  });

  test("node power on ends its own hold, and nobody else's", async () => {
    const rack = await anActiveRack();
    const as = (user: string, ...words: readonly string[]): ReturnType<Rack["run"]> =>
      rack.runWith({ USER: user }, "node", "power", ...words, "n1", "--yes");
    await as("ada", "off");
    const bob = await as("bob", "on");
    expect([bob.code, power(rack)]).toEqual([4, "Off"]);
    expect(bob.out).toMatch(/ironwright release n1/);
    const ada = await as("ada", "on");
    expect([ada.code, power(rack)]).toEqual([0, "On"]);
    expect((await rack.run("holds")).out).toContain("nothing is held");
    expect((await rack.run("plan", "--detailed-exitcode")).code).toBe(0);
  });

  test("leaves the commit that is in force where it was, and what git asks for undone", async () => {
    const rack = await anActiveRack();
    const inForce = async (): Promise<unknown> => {
      const plan = await rack.run("plan", "--json");
      return (JSON.parse(plan.out) as { inForce: { seq: number } }).inForce.seq;
    };
    const before = await inForce();
    rack.declare("  power: on\n  boot: { device: pxe }\n");
    const other = await rack.run("node", "power", "off", "n1", "--yes");
    expect([other.code, resets(rack)]).toEqual([4, []]);
    const ran = await rack.run("node", "power", "off", "n1", "--yes", "--ref", "HEAD");
    expect([ran.code, resets(rack), rack.acts().length]).toEqual([0, ["ForceOff"], 1]);
    expect(await inForce()).toBe(before);
  });
});

describe("node power soft-off", () => {
  const deaf = { simulator: { faults: ["n1=ignore-graceful"] } };

  test("fails at its deadline where the system ignores it, and is never forced", async () => {
    const rack = await anActiveRack(deaf);
    const ran = await rack.run("node", "power", "soft-off", "n1", "--yes", "--timeout", "1");
    expect([ran.code, power(rack), resets(rack)]).toEqual([1, "On", ["GracefulShutdown"]]);
    expect(ran.out).toContain("IW-B11");
    // It may still go down: then nobody powers it on behind its owner's back.
    expect((await rack.run("holds")).out).toContain("powered off: node power soft-off");
  });

  test("is forced where somebody says so", async () => {
    const rack = await anActiveRack(deaf);
    const ran = await rack.run("node", "power", "soft-off", "n1", "--yes", "--force-after", "1");
    expect([ran.code, power(rack), resets(rack)]).toEqual([
      0,
      "Off",
      ["GracefulShutdown", "ForceOff"],
    ]);
  });

  test("a soft-reboot that is ignored leaves the machine on", async () => {
    const rack = await anActiveRack(deaf);
    const ran = await rack.run("node", "power", "soft-reboot", "n1", "--yes", "--timeout", "1");
    expect([ran.code, power(rack), resets(rack)]).toEqual([1, "On", ["GracefulShutdown"]]);
  });
});

test("reboot and nmi reach the machine by what Redfish calls them", async () => {
  const rack = await anActiveRack();
  const reboot = await rack.run("node", "power", "reboot", "n1", "--yes");
  const nmi = await rack.run("node", "nmi", "n1", "--yes");
  expect([reboot.code, nmi.code, resets(rack)]).toEqual([0, 0, ["ForceOff", "On", "Nmi"]]);
  expect(power(rack)).toBe("On");
});

describe("what comes between the off and the on of a reboot", () => {
  /** Paused once its power.off was seen: the first look is that of the list's own beginning. */
  async function midway(rack: Rack): Promise<ReturnType<Rack["start"]>> {
    const env = { IRONWRIGHT_TEST_PAUSE_AT: "looked:2" };
    const reboot = rack.start(env, "node", "power", "reboot", "n1", "--yes");
    await expect.poll(() => isStopped(reboot.child.pid), PATIENCE).toBe(true);
    expect([power(rack), resets(rack)]).toEqual(["Off", ["ForceOff"]]);
    return reboot;
  }

  test("an apply of another tree is refused, naming who works where", async () => {
    const rack = await anActiveRack();
    const reboot = await midway(rack);
    rack.declare("  power: on\n  boot: { device: pxe }\n");
    const apply = await rack.run("apply", "--yes");
    expect(apply.code).toBe(4);
    expect(apply.err).toMatch(/command.*holds the lease of n1.*IW-P17/s);
    reboot.child.kill("SIGCONT");
    const ended = await reboot.ended;
    expect([ended.code, power(rack), resets(rack)]).toEqual([0, "On", ["ForceOff", "On"]]);
  });

  test("Ctrl-C lets it come on again", async () => {
    const rack = await anActiveRack();
    const reboot = await midway(rack);
    reboot.child.kill("SIGINT");
    reboot.child.kill("SIGCONT");
    const ended = await reboot.ended;
    expect([ended.code, power(rack), resets(rack)]).toEqual([0, "On", ["ForceOff", "On"]]);
  });

  test("where somebody holds it meanwhile, it says that the machine is off, and never that nothing was done", async () => {
    const rack = await anActiveRack();
    const reboot = await midway(rack);
    await rack.run("hold", "n1", "--reason", "a leak");
    reboot.child.kill("SIGCONT");
    const ended = await reboot.ended;
    expect([ended.code, power(rack)]).toEqual([4, "Off"]);
    expect(ended.out).toMatch(/was begun and is not done.*a leak.*power is off.*power\.reboot/s);
    expect(ended.out).not.toContain("was not done");
  });
});

/** A process that starts while others do. */
const PATIENCE = { timeout: 10_000 };

/** SIGSTOP has arrived (proc(5): state T). */
function isStopped(pid: number | undefined): boolean {
  return /^\d+ \(.*\) T/.test(readFileSync(`/proc/${pid ?? 0}/stat`, "utf8"));
}

test("boot: a device for one boot is written as Once, read back, and used up by that boot", async () => {
  const rack = await anActiveRack();
  const set = await rack.run("node", "boot", "n1", "--device", "cdrom", "--once");
  expect([set.code, rack.acts().map(({ body }) => body)]).toEqual([
    0,
    [{ Boot: { BootSourceOverrideTarget: "Cd", BootSourceOverrideEnabled: "Once" } }],
  ]);
  const read = await rack.run("node", "boot", "n1", "--json");
  expect(JSON.parse(read.out)).toMatchObject({ device: "cdrom", persistent: false });
  await rack.run("node", "power", "reboot", "n1", "--yes");
  const after = await rack.run("node", "boot", "n1", "--json");
  expect(JSON.parse(after.out)).toMatchObject({ device: "none", declared: null });
});

test("led: a system's newer light, a chassis' older one and a drive's are set and read back", async () => {
  const rack = await anActiveRack();
  const rows = [
    [["on"], "/Systems/n1", { LocationIndicatorActive: true }],
    [["blinking", "--component", "chassis"], "/Chassis/n1", { IndicatorLED: "Blinking" }],
    [["on", "--component", "disk", "--id", "1:0"], "/Drives/0", { LocationIndicatorActive: true }],
  ] as const;
  for (const [index, [words, path, body]] of rows.entries()) {
    const ran = await rack.run("node", "led", "n1", ...words);
    const sent = rack.acts()[index];
    expect([ran.code, sent?.body]).toEqual([0, body]);
    expect(sent?.path.endsWith(path)).toBe(true);
  }
  const refused = await rack.run("node", "led", "n1", "blinking");
  expect([refused.code, rack.acts().length]).toEqual([4, 3]);
  expect(refused.out).toContain("its BMC offers on, off");
  const read = await rack.run("node", "led", "n1", "--json");
  const { lights } = JSON.parse(read.out) as { lights: { light: string; state: string }[] };
  expect(
    lights.filter(({ state }) => state !== "off").map((one) => [one.light, one.state]),
  ).toEqual([
    ["chassis/n1", "blinking"],
    ["system/n1", "on"],
    ["disk/1:0", "on"],
  ]);
});

describe("kill -9 in the midst of node power off", () => {
  test.each(["before-intent", "intent-durable", "performed", "outcome-durable"])(
    "at %s: no apply powers it on, and asked again it is off by exactly one act",
    async (point) => {
      const rack = await anActiveRack();
      const env = { IRONWRIGHT_TEST_STOP_AT: point };
      const killed = await rack.runWith(env, "node", "power", "off", "n1", "--yes");
      expect(killed.signal).toBe("SIGKILL");
      await rack.run("apply", "--yes");
      expect(resets(rack)).not.toContain("On");
      const again = await rack.run("node", "power", "off", "n1", "--yes");
      expect([again.code, power(rack), resets(rack)]).toEqual([0, "Off", ["ForceOff"]]);
      const holds = await rack.run("holds", "--json");
      expect(JSON.parse(holds.out)).toHaveLength(1);
      expect((await rack.run("lease", "list")).out).toContain("no lease is held");
    },
  );
});
