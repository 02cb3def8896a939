import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { aRack, QUICK_SETTINGS, type Rack } from "../../support/rack.ts";
import { runCli } from "../../support/run-cli.ts";
import { tempRepo } from "../../support/temp-repo.ts";

/** A rack of one machine that was adopted; its acts are counted from here. */
async function anAdoptedRack(how: Parameters<typeof aRack>[1] = {}): Promise<Rack> {
  const rack = await aRack(["n1"], how);
  const applied = await rack.run("apply", "--yes");
  expect([applied.code, applied.err]).toEqual([0, expect.any(String)]);
  const before = rack.acts().length;
  return { ...rack, acts: () => rack.acts().slice(before) };
}

const DESTINATION = "https://events.example/r1";
const CREATE = ["create_subscription", "--args", JSON.stringify({ Destination: DESTINATION })];

function call(rack: Rack, ...words: readonly string[]): ReturnType<Rack["run"]> {
  return rack.run("node", "vendor", "n1", ...words);
}

function requests(rack: Rack): readonly string[] {
  return rack.acts().map(({ method, path }) => `${method} ${path.replace("/redfish/v1/", "")}`);
}

const POSTED = "POST EventService/Subscriptions";

describe("a call that is wrong sends nothing, and says where", () => {
  const secret = "hunter2";
  const rows = [
    [["creat_subscription"], "did you mean create_subscription?"],
    [["create_subscription", "--args", "{"], `--args '{"Destination": ...}'`],
    [
      ["create_subscription", "--args", `{"Destination": "https://a:${secret}@b"}`],
      "args.Destination: must be an https:// or http:// URL without user and password",
    ],
    [["delete_subscription", "--args", '{"id": "1"}', "--timeout", "soon"], "write 120"],
  ] as const;

  test("64, with the place inside the arguments, and no secret said back", async () => {
    const rack = await anAdoptedRack();
    for (const [words, text] of rows) {
      const ran = await call(rack, ...words);
      expect([words, ran.code, requests(rack)]).toEqual([words, 64, []]);
      expect(ran.err).toContain(text);
      expect(ran.err + ran.out).not.toContain(secret);
      expect(ran.err).not.toMatch(/\bat .+:\d+:\d+/);
    }
  });

  test("what its BMC has not is refused before anything is sent", async () => {
    const rack = await anAdoptedRack();
    const read = await call(rack, "get_subscription", "--args", '{"id": "9"}');
    expect([read.code, read.err]).toEqual([1, expect.stringContaining("it has none at all")]);
    const args = JSON.stringify({ Destination: DESTINATION, EventTypes: ["MetricReport"] });
    const act = await call(rack, "create_subscription", "--args", args);
    expect([act.code, requests(rack)]).toEqual([1, []]);
    expect(act.out).toMatch(/does not offer events of type MetricReport; it offers .*IW-B18/);
  });

  test("where nothing may act: read-only, observe, a hold, maintenance", async () => {
    const rack = await anAdoptedRack();
    expect((await call(rack, ...CREATE, "--read-only")).code).toBe(4);
    expect(
      (await rack.runWith({ IRONWRIGHT_MODE: "observe" }, "node", "vendor", "n1", ...CREATE)).code,
    ).toBe(4);
    rack.declare("  maintenance: { enabled: true, reason: fans }\n");
    const inMaintenance = await call(rack, ...CREATE, "--json");
    expect(JSON.parse(inMaintenance.out)).toMatchObject({ status: "refused", code: "IW-P06" });
    rack.declare("");
    await rack.run("hold", "n1", "--reason", "cabling");
    const held = await call(rack, ...CREATE, "--json");
    expect(JSON.parse(held.out)).toMatchObject({ status: "refused", code: "IW-P01" });
    expect(requests(rack)).toEqual([]);
  });
});

test("a method that reads needs no store, no lease and no right to act, and leaves no line", async () => {
  const bare = await aRack(["n1"], { init: false });
  const env = { IRONWRIGHT_MODE: "observe" };
  const words = ["node", "vendor", "n1", "get_all_subscriptions"];
  const read = await bare.runWith(env, ...words, "--read-only");
  expect([read.code, JSON.parse(read.out), bare.acts()]).toEqual([0, [], []]);
  const rack = await anAdoptedRack();
  const history = async (): Promise<string> => (await rack.run("history", "n1")).out;
  const before = await history();
  expect((await rack.run(...words)).code).toBe(0);
  expect([await history(), requests(rack)]).toEqual([before, []]);
});

test("a subscription is made once, read one by one, and ended; each is looked for", async () => {
  const rack = await anAdoptedRack();
  const made = await call(rack, ...CREATE);
  expect([made.code, requests(rack), rack.acts()[0]?.body]).toEqual([
    0,
    [POSTED],
    { Destination: DESTINATION, EventTypes: ["Alert"], Context: "", Protocol: "Redfish" },
  ]);
  const shown = {
    Id: "1",
    Destination: DESTINATION,
    EventTypes: ["Alert"],
    Context: "",
    Protocol: "Redfish",
  };
  const all = await call(rack, "get_all_subscriptions");
  const one = await call(rack, "get_subscription", "--args", '{"id": "1"}', "-o", "yaml");
  expect([JSON.parse(all.out), one.out]).toEqual([[shown], expect.stringContaining('Id: "1"')]);
  const again = await call(rack, ...CREATE);
  expect([again.code, requests(rack)]).toEqual([0, [POSTED]]);
  expect(again.out).toContain("nothing was sent");
  const context = JSON.stringify({ Destination: DESTINATION, Context: "other" });
  await call(rack, "create_subscription", "--args", context);
  expect(requests(rack)).toEqual([POSTED, POSTED]);
  const end = ["delete_subscription", "--args", '{"id": "1"}'];
  expect((await call(rack, ...end)).code).toBe(0);
  expect((await call(rack, ...end)).out).toContain("nothing was sent");
  expect(requests(rack).slice(2)).toEqual(["DELETE EventService/Subscriptions/1"]);
  const left = JSON.parse((await call(rack, "get_all_subscriptions")).out) as { Id: string }[];
  expect(left.map(({ Id }) => Id)).toEqual(["2"]);
  expect((await rack.run("plan", "--detailed-exitcode")).code).toBe(0);
});

test("a password that a stranger wrote into a destination is not shown", async () => {
  const rack = await anAdoptedRack();
  const { simulator } = rack;
  const login = Buffer.from(`admin:${simulator.password}`).toString("base64");
  const Destination = "https://bob:hunter2@events.example/";
  const made = await fetch(
    `${simulator.addresses.get("n1")}/redfish/v1/EventService/Subscriptions`,
    {
      method: "POST",
      headers: { authorization: `Basic ${login}`, "content-type": "application/json" },
      body: JSON.stringify({
        Destination,
        EventTypes: ["Alert"],
        Context: "",
        Protocol: "Redfish",
      }),
    },
  );
  expect(made.status).toBe(201);
  const read = await call(rack, "get_all_subscriptions");
  expect(read.out).toContain("https://****@events.example/");
  expect(read.out + read.err).not.toContain("hunter2");
});

test("a BMC that says yes and does nothing is found out", async () => {
  const rack = await anAdoptedRack({ simulator: { faults: ["n1=no-effect:Subscription"] } });
  const ran = await call(rack, ...CREATE, "--timeout", "1");
  expect([ran.code, requests(rack)]).toEqual([1, [POSTED]]);
  expect(ran.out).toContain("IW-B11");
});

test("an answer that was lost is looked for, and not asked for twice", async () => {
  const rack = await anAdoptedRack();
  rack.simulator.fault("n1=drop-after");
  const ran = await call(rack, ...CREATE);
  expect([ran.code, requests(rack)]).toEqual([0, [POSTED]]);
});

describe("kill -9 in the midst of a vendor method", () => {
  test.each(["intent-durable", "performed"])(
    "at %s: what can be read back is found, and asked again it is there exactly once",
    async (point) => {
      const rack = await anAdoptedRack();
      const env = { IRONWRIGHT_TEST_STOP_AT: point };
      const killed = await rack.runWith(env, "node", "vendor", "n1", ...CREATE);
      expect(killed.signal).toBe("SIGKILL");
      await rack.run("apply", "--yes");
      const again = await call(rack, ...CREATE);
      expect([again.code, requests(rack)]).toEqual([0, [POSTED]]);
      expect((await rack.run("lease", "list")).out).toContain("no lease is held");
    },
  );
});

const FAKE = `apiVersion: ironwright/v1
kind: Node
metadata: { name: n1 }
spec: { driver: fake, identity: { serial: fake-n1 }, provision: { state: manageable } }
`;

test("kill -9 after raw bytes: nobody can see whether they came, and they are never sent twice", async () => {
  const repo = await tempRepo({ "ironwright.yaml": QUICK_SETTINGS, "inventory/n1.yaml": FAKE });
  const run = (env: Readonly<Record<string, string>>, ...words: readonly string[]) =>
    runCli(repo.dir, words, env);
  await run({}, "init", "--nodes", "new");
  await repo.commit("a fake machine");
  expect((await run({}, "apply", "--yes")).code).toBe(0);
  const raw = ["node", "vendor", "n1", "send_raw", "--args", '{"raw_bytes": "0x06 0x02"}'];
  const unasked = await run({}, ...raw);
  expect([unasked.code, unasked.err]).toEqual([64, expect.stringContaining(`'{"raw_bytes"`)]);
  const killed = await run({ IRONWRIGHT_TEST_STOP_AT: "performed" }, ...raw, "--yes");
  expect(killed.signal).toBe("SIGKILL");
  const sent = (): number =>
    readFileSync(join(repo.dir, ".ironwright/fake/n1.json"), "utf8").split("vendor.call").length -
    1;
  expect(sent()).toBe(1);
  await run({}, "node", "power", "on", "n1", "--yes");
  await run({}, "apply", "--yes");
  const history = await run({}, "history", "n1", "--json");
  const calls = (JSON.parse(history.out) as { action: string; event: string }[]).filter(
    ({ action }) => action === "vendor.send_raw",
  );
  expect(calls.map(({ event }) => event)).toEqual(["ambiguous"]);
  expect(sent()).toBe(1);
});

test("raw bytes over IPMI: what the BMC answers is shown, and is in the history", async () => {
  const rack = await aRack(["n1"], { driver: "ipmi" });
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  // Reserve SEL answers two bytes, and changes nothing else.
  const raw = ["send_raw", "--args", '{"raw_bytes": "0x0a 0x42"}', "--yes"];
  const sent = await call(rack, ...raw);
  const answered =
    /its BMC accepted it and answered the bytes [0-9a-f]{2} [0-9a-f]{2}; its effect can't be seen/;
  expect([sent.code, sent.out.replaceAll(/\s+/g, " ")]).toEqual([
    0,
    expect.stringMatching(answered),
  ]);
  expect((await rack.run("history", "n1", "--json")).out).toMatch(answered);
});
