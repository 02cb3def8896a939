import { expect, test, vi } from "vitest";
import { CHASSIS_COMMANDS } from "../../../drivers/ipmi/packets/chassis.ts";
import { DEVICE_COMMANDS } from "../../../drivers/ipmi/packets/device.ts";
import { NET_FN } from "../../../drivers/ipmi/packets/lan-message.ts";
import { IpmiConsole } from "../../drivers/simulator/ipmi-console.ts";
import { stopped } from "../../support/paused.ts";
import { aRack, type Rack } from "../../support/rack.ts";
import { type Scraped, watched } from "../../support/scraping.ts";

// Commands are processes of their own, and a lease must run out in one of the tests.
vi.setConfig({ testTimeout: 120_000 });

type How = NonNullable<Parameters<typeof aRack>[1]>;

/** A rack whose BMCs are spoken to by IPMI, over real UDP. */
function anIpmiRack(names: readonly string[], how: How = {}): Promise<Rack> {
  return aRack(names, { driver: "ipmi", ...how });
}

/** What the BMCs were told to do, in order. */
function effects(rack: Rack): readonly string[] {
  return rack.acts().map(({ effect }) => effect);
}

const ON = { spec: "  power: on\n" };

test("a BMC that refuses an act, lies about one, or is another machine's is found out, and told in IPMI's words", async () => {
  const faults = ["n1=ipmi-refuse:1", "n2=no-effect:Reset", "swap=n3,n4"];
  const rack = await anIpmiRack(["n1", "n2", "n3", "n4"], { ...ON, simulator: { faults } });
  const applied = await rack.run("apply", "--yes");
  const said = applied.out.replaceAll(/\s+/g, " ");
  expect(applied.code).toBe(1);
  expect(said).toMatch(/n1 failed: BMC ipmi:.* refuses the command in its present state/);
  expect(said).toMatch(/n2 .*IW-B11/);
  expect(said).toContain("serial S-n3 is declared, S-n4 answers");
  expect(new Set(rack.acts().map(({ machine }) => machine))).toEqual(new Set(["n1", "n2"]));
  expect(applied.out + applied.err).not.toMatch(/redfish|https?:|\bsystem path\b/i);
});

test("from a commit to a BMC: plan, apply, and the next plan is empty, in one session a BMC", async () => {
  const spec = "  power: on\n  boot: { device: disk, mode: uefi }\n";
  const rack = await anIpmiRack(["n1", "n2"], { spec });
  const plan = await rack.run("plan", "--detailed-exitcode");
  expect([plan.code, plan.out]).toEqual([2, expect.stringContaining("management.setBootDevice")]);
  const before = rack.logins().length;
  const applied = await rack.run("apply", "--yes");
  expect([applied.code, applied.out]).toEqual([0, expect.stringContaining("2 nodes applied")]);
  expect(rack.logins()).toHaveLength(before + 2);
  const ofOne = rack.acts().filter(({ machine }) => machine === "n1");
  expect(ofOne.map(({ path }) => path)).toEqual([
    "Set System Boot Options",
    "Set System Boot Options",
    "Chassis Control",
  ]);
  expect(rack.simulator.machines.get("n1")?.boot).toMatchObject({
    target: "Hdd",
    enabled: "Continuous",
    mode: "UEFI",
  });
  const again = await rack.run("plan", "--detailed-exitcode");
  expect([again.code, again.out]).toEqual([0, expect.stringContaining("2 nodes are in sync")]);
});

test("the first plan over what discover printed of a network and of an address is empty", async () => {
  const rack = await anIpmiRack(["n1", "n2"], { init: false });
  for (const name of ["n1", "n2"]) rack.repo.remove(`inventory/${name}.yaml`);
  const [one = "", two = ""] = rack.simulator.ipmiAddresses.values();
  const login = ["--username", "admin", "--password-env", "BMC_PASSWORD"];
  const network = `ipmi://127.0.0.0/30:${new URL(one).port}`;
  const found = await rack.run("discover", network, two, ...login);
  expect([found.code, found.err]).toEqual([0, expect.stringContaining("asked 3 addresses")]);
  rack.repo.write("inventory/found.yaml", found.out);
  expect((await rack.run("init")).code).toBe(0);
  const plan = await rack.run("plan", "--detailed-exitcode");
  expect([plan.code, plan.out]).toEqual([0, expect.stringContaining("2 nodes are in sync")]);
  expect(rack.acts()).toEqual([]);
  for (const [args, said] of [
    [["ipmi://10.0.0.0/8"], "at most 4096 are asked"],
    [[two, "--insecure"], "--insecure is of Redfish, and IPMI knows nothing of it"],
    [[two, "--auth", "basic"], "--auth is of Redfish"],
    [[two, "--username", "a-name-of-17-bytes"], "longer than the 16 bytes that IPMI takes"],
    [["ipmi://fe80::1/64"], "name its addresses one by one"],
    [["http://127.0.0.1:1", "--privilege", "user"], "--privilege is of IPMI"],
    [[two, "--privilege", "root"], '--privilege "root" is none of user, operator'],
  ] as const) {
    const refused = await rack.run("discover", ...args);
    expect([args, refused.code, refused.out]).toEqual([args, 64, ""]);
    expect(refused.err).toContain(said);
  }
});

test("another user is another login: a wrong one that was refused condemns no secret", async () => {
  const rack = await anIpmiRack(["n1"], { init: true });
  const at = rack.simulator.ipmiAddresses.get("n1") ?? "";
  const as = (user: string) =>
    rack.run("discover", at, "--username", user, "--password-env", "BMC_PASSWORD");
  expect(await as("admim")).toMatchObject({ code: 1, err: expect.stringContaining("IW-B04") });
  const again = await as("admim");
  expect(again.err).toContain("until it or the user changes");
  expect(again.err).toContain("declare it and: ironwright retry NODE");
  expect((await as("admin")).code).toBe(0);
  expect((await rack.run("observe", "n1")).out).toMatch(/power +off/);
});

test.each(["intent-durable", "checked:2", "performed"])(
  "kill -9 at %s: what came of it is looked for, and the machine is switched by one act",
  async (point) => {
    const rack = await anIpmiRack(["n1"], ON);
    const killed = await rack.runWith({ IRONWRIGHT_TEST_STOP_AT: point }, "apply", "--yes");
    expect(killed.signal).toBe("SIGKILL");
    const again = await rack.run("apply", "--yes");
    expect([again.code, again.out]).toEqual([0, expect.any(String)]);
    expect(effects(rack)).toEqual(["powering on"]);
    expect((await rack.run("plan", "--detailed-exitcode")).code).toBe(0);
  },
);

/** A lease that a test waits out: no shorter, for its taker holds one of the same length. */
const TAKEN_SECONDS = 12;

test("a holder that was paused before its act finds its session ended by whoever took its lease over", async () => {
  const rack = await anIpmiRack(["n1"], { ...ON, ttlSeconds: TAKEN_SECONDS });
  const first = rack.start({ IRONWRIGHT_TEST_PAUSE_AT: "checked:2" }, "apply", "--yes");
  await stopped(first);
  const paused = rack.logins().at(-1)?.session;
  const second = await rack.run("apply", "--yes", "--lock-timeout", "60");
  expect([second.code, second.out]).toEqual([0, expect.stringContaining("1 node applied")]);
  const ended = rack.simulator.log.filter(({ path }) => path === "Close Session");
  expect(ended[0]).toMatchObject({ status: 0, effect: "session ended" });
  // By another's session: the paused one's own was the one to end.
  expect(ended[0]?.session).not.toBe(paused);
  first.child.kill("SIGCONT");
  expect((await first.ended).code).not.toBe(0);
  expect(effects(rack)).toEqual(["powering on"]);
});

test("an operator may end nobody's session: a paused holder is waited for until it is gone, and the plan says so", async () => {
  const how = { ...ON, bmc: "privilege: operator", ttlSeconds: TAKEN_SECONDS };
  const rack = await anIpmiRack(["n1"], how);
  expect((await rack.run("plan")).out).toContain("fence: time only");
  const first = rack.start({ IRONWRIGHT_TEST_PAUSE_AT: "checked:2" }, "apply", "--yes");
  await stopped(first);
  const second = await rack.run("apply", "--yes", "--lock-timeout", "60");
  expect([second.code, second.out]).toEqual([5, expect.stringContaining("may only be paused")]);
  expect(rack.acts()).toEqual([]);
  first.child.kill("SIGKILL");
  await first.ended;
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  expect(effects(rack)).toEqual(["powering on"]);
});

test("an act whose answer is lost is looked for, and never sent again", async () => {
  const rack = await anIpmiRack(["n1"], { ...ON, simulator: { faults: ["n1=drop-after"] } });
  const applied = await rack.run("apply", "--yes");
  expect([applied.code, applied.out]).toEqual([0, expect.stringContaining("1 node applied")]);
  expect(effects(rack)).toEqual(["powering on"]);
});

test("while people hold every session of a BMC nothing is sent, and the plan says so; then it goes on", async () => {
  const rack = await anIpmiRack(["n1"], { ...ON, simulator: { ipmi: { sessionLimit: 1 } } });
  const console = await IpmiConsole.open(rack.simulator.ipmiAddresses.get("n1") ?? "");
  const session = await console.live();
  const refused = await rack.run("apply", "--yes");
  expect(refused.code).toBe(1);
  expect(refused.out.replaceAll(/\s+/g, " ")).toContain(
    "has no free session (status 01h); end one on the BMC",
  );
  expect(refused.out).toContain("IW-B09");
  expect(rack.acts()).toEqual([]);
  rack.simulator.fault("n1=expire-sessions");
  expect(
    await console.heard(session, console.request(NET_FN.chassis, CHASSIS_COMMANDS.getStatus)),
  ).toEqual([]);
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  expect(effects(rack)).toEqual(["powering on"]);
});

test("a BMC that restarts in the midst of an apply takes the session with it: nothing more is sent, and the next apply ends it", async () => {
  const rack = await anIpmiRack(["n1"], {
    spec: "  power: off\n",
    simulator: { faults: ["n1=ignore-graceful"], ipmi: { resetMs: 500 } },
  });
  rack.simulator.pressPowerButton("n1");
  const applying = rack.start({}, "apply", "--yes");
  await vi.waitFor(() => expect(effects(rack)).toEqual([IGNORED]), 20_000);
  const console = await IpmiConsole.open(rack.simulator.ipmiAddresses.get("n1") ?? "");
  const session = await console.live();
  const reset = console.request(NET_FN.app, DEVICE_COMMANDS.coldReset);
  console.send(session.seal(session.next, reset));
  const applied = await applying.ended;
  expect([applied.code, applied.out.replaceAll(/\s+/g, " ")]).toEqual([
    1,
    expect.stringMatching(/no session is open .* the BMC restarted, or somebody ended it.*IW-B14/),
  ]);
  expect(effects(rack)).toEqual([IGNORED, "the BMC restarts"]);
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  expect(effects(rack)).toEqual([IGNORED, "the BMC restarts", IGNORED, "powering off"]);
});

const IGNORED = "the system ignores it";

test("a daemon keeps a rack in sync in one session a BMC, by few requests a look", async () => {
  const names = ["n1", "n2", "n3"];
  const rack = await anIpmiRack(names, {
    spec: "  power: on\n  drift: { power: enforce }\n",
    settings: `git: { pollSeconds: 1 }\npowerSync: { intervalSeconds: ${SYNC_SECONDS} }\n`,
  });
  const before = rack.logins().length;
  const { daemon, until } = await watched(rack);
  const isOn = (): boolean => names.every((name) => powerOf(rack, name) === "On");
  await until((now) => isOn() && now.get("nodes_busy") === 0);
  rack.simulator.pressPowerButton("n2");
  const well = await until((now) => isOn() && now.get("nodes_busy") === 0);
  const since = performance.now();
  const twice = readsIn(well) + 2 * names.length * READS_A_LOOK;
  await until((now) => readsIn(now) >= twice);
  // Two looks at each have one interval between them; were a look more requests, so many would take less time.
  expect(performance.now() - since).toBeGreaterThan(SYNC_SECONDS * 900);
  expect(rack.logins()).toHaveLength(before + names.length);
  daemon.child.kill("SIGTERM");
  expect((await daemon.ended).code).toBe(0);
  const closed = rack.simulator.log.filter(({ path }) => path === "Close Session");
  expect(closed.slice(-3).map(({ effect }) => effect)).toEqual(Array(3).fill("session ended"));
});

const SYNC_SECONDS = 10;
/** Power, who answers, what it boots from, and who made the BMC. */
const READS_A_LOOK = 4;

function powerOf({ simulator }: Rack, name: string): string | undefined {
  return simulator.machines.get(name)?.power(Date.now());
}

function readsIn(now: Scraped): number {
  return now.get('bmc_call_seconds_count{driver="ipmi",kind="read",result="00h"}') ?? 0;
}
