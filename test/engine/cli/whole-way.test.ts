import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { aRack } from "../../support/rack.ts";
import { runCli } from "../../support/run-cli.ts";
import { tempDir } from "../../support/temp-dir.ts";

interface PlanJson {
  readonly id: string;
  readonly nodes: readonly {
    node: string;
    steps: readonly { action: string; impact: string }[];
    blockedBy: readonly { code: string }[];
  }[];
  readonly orphans: readonly string[];
  readonly refused: readonly { code: string }[];
}

test("from a commit to a BMC: plan, apply, and the next plan is empty", async () => {
  const rack = await aRack(["n1", "n2"], {
    spec: "  power: on\n  boot: { device: disk, mode: uefi, secureBoot: true }\n  traits: [CUSTOM_GPU]\n",
  });
  const planned = await rack.run("plan", "--json", "--detailed-exitcode");
  expect(planned.code).toBe(2);
  const plan = JSON.parse(planned.out) as PlanJson;
  expect(plan.nodes[0]?.steps.map(({ action }) => action)).toEqual([
    "management.setSecureBoot",
    "management.setBootDevice",
    "power.on",
  ]);
  const applied = await rack.run("apply", "--yes", "--json");
  expect(applied.code).toBe(0);
  const last = JSON.parse(applied.out.trim().split("\n").at(-1) ?? "{}") as Record<string, unknown>;
  expect(last).toMatchObject({ event: "apply.summary", applied: 2, failed: 0, skipped: 0 });
  expect((await rack.run("plan", "--detailed-exitcode")).code).toBe(0);
  expect(rack.simulator.machines.get("n1")?.boot).toMatchObject({
    target: "Hdd",
    enabled: "Continuous",
  });
  const status = JSON.parse((await rack.run("status", "--json")).out) as {
    nodes: readonly Record<string, unknown>[];
  };
  expect(status.nodes[0]).toMatchObject({
    node: "n1",
    provisionState: "active",
    powerState: "on",
    inSync: true,
    maintenance: false,
    fault: null,
  });
});

test("the first plan over what discover printed is empty", async () => {
  const rack = await aRack(["n1", "n2"], { init: false });
  for (const name of ["n1", "n2"]) rack.repo.remove(`inventory/${name}.yaml`);
  const found = await rack.run(
    "discover",
    rack.simulator.addresses.get("n1") ?? "",
    "--username",
    "admin",
    "--password-env",
    "BMC_PASSWORD",
  );
  expect([found.code, found.err]).toEqual([0, ""]);
  rack.repo.write("inventory/found.yaml", found.out);
  expect((await rack.run("init")).code).toBe(0);
  const plan = await rack.run("plan", "--detailed-exitcode");
  expect(plan.out).toContain("2 nodes are in sync");
  expect(plan.code).toBe(0);
  expect(rack.acts()).toEqual([]);
});

test("a saved plan is applied exactly; a node that moved since is dropped alone, and named", async () => {
  const rack = await aRack(["n1", "n2"], { spec: "  power: on\n" });
  await rack.run("plan", "--out", "it.plan");
  rack.simulator.pressPowerButton("n1");
  const applied = await rack.run("apply", "it.plan", "--yes");
  expect(applied.out).toContain("2 nodes applied");
  expect(rack.acts().map(({ machine }) => machine)).toEqual(["n2"]);
  rack.simulator.pressPowerButton("n1");
  rack.declare("  power: off\n");
  const plan = await rack.run("plan", "--out", "off.plan");
  expect(plan.out).toContain("power.softOff");
  await rack.run("hold", "n2", "--reason", "cabling");
  rack.declare("  power: on\n", ["n1"]);
  const stale = await rack.run("apply", "off.plan", "--yes");
  expect([stale.code, stale.err]).toEqual([
    4,
    expect.stringContaining("the inventory or the settings changed since"),
  ]);
});

test("a saved plan whose machine was switched by hand drops that machine and does the rest", async () => {
  const rack = await aRack(["n1", "n2"], { spec: "  power: on\n  boot: { device: disk }\n" });
  await rack.run("plan", "--out", "it.plan");
  rack.simulator.pressPowerButton("n1");
  const applied = await rack.run("apply", "it.plan", "--yes");
  expect(applied.out).toContain(
    "n1  skipped: it moved since it was planned: power was off, is on; plan again   IW-P16",
  );
  expect(new Set(rack.acts().map(({ machine }) => machine))).toEqual(new Set(["n2"]));
});

test("a plan that was edited is refused", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  const { out } = await rack.run("plan", "--json");
  writeFileSync(join(rack.repo.dir, "evil.plan"), out.replace('"in-place"', '"none"'));
  const applied = await rack.run("apply", "evil.plan", "--yes");
  expect([applied.code, applied.err]).toEqual([
    3,
    expect.stringContaining("it was changed after it was made"),
  ]);
});

test("a fresh clone with an empty store can plan and cannot act; a copied store is refused", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  const clone = tempDir();
  cpSync(rack.repo.dir, clone, {
    recursive: true,
    filter: (path) => !path.includes(".ironwright"),
  });
  const env = { BMC_PASSWORD: rack.simulator.password };
  const plan = await runCli(clone, ["plan"], env);
  expect([plan.code, plan.out]).toEqual([0, expect.stringContaining("there is no store here")]);
  const apply = await runCli(clone, ["apply", "--yes"], env);
  expect([apply.code, apply.err]).toEqual([3, expect.stringContaining("IW-S02")]);
  cpSync(join(rack.repo.dir, ".ironwright"), join(clone, ".ironwright"), { recursive: true });
  const copied = await runCli(clone, ["apply", "--yes"], env);
  expect([copied.code, copied.err]).toEqual([3, expect.stringContaining("is a copy of a store")]);
  expect(rack.acts()).toEqual([]);
});

test("swapped machines: nothing is sent to either, and the plan says which is which", async () => {
  const rack = await aRack(["n1", "n2"], { spec: "  power: on\n" });
  rack.simulator.fault("swap=n1,n2");
  const applied = await rack.run("apply", "--yes");
  expect(applied.code).toBe(4);
  expect(applied.out.replaceAll(/\s+/g, " ")).toContain("serial S-n1 is declared, S-n2 answers");
  expect(rack.acts()).toEqual([]);
});

test("a BMC that says 204 and does nothing is caught", async () => {
  const rack = await aRack(["n1", "n2"], { spec: "  power: on\n" });
  rack.simulator.fault("n1=no-effect:Reset");
  const applied = await rack.run("apply", "--yes");
  expect([applied.code, applied.out]).toEqual([1, expect.stringContaining("IW-B11")]);
  expect(applied.out).toContain("1 node applied, 1 failed");
  expect(rack.simulator.machines.get("n2")?.power(Date.now())).toBe("On");
});

test("drift is told apart from intent, and deleting a file leaves an orphan whose machine nobody touches", async () => {
  const rack = await aRack(["n1", "n2"], { spec: "  power: on\n  drift: { power: enforce }\n" });
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  rack.simulator.pressPowerButton("n1");
  const drift = await rack.run("plan");
  expect(drift.out).toContain("THE HARDWARE MOVED ON 1 NODE");
  expect(drift.out).toContain("its event log says");
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  const before = rack.acts().length;
  rack.repo.remove("inventory/n2.yaml");
  await rack.repo.commit("remove n2");
  const gone = await rack.run("apply", "--yes");
  expect(gone.out).toContain("orphan: no longer declared; the machine is left as it is");
  expect(rack.acts()).toHaveLength(before);
  expect((await rack.run("forget", "n2")).code).toBe(0);
  expect((await rack.run("plan")).out).not.toContain("orphan");
});

test("a hold and a stop are obeyed, and said to be", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  await rack.run("hold", "n1", "--reason", "a fan is out");
  const held = await rack.run("apply", "--yes");
  expect([held.code, held.out]).toEqual([4, expect.stringContaining('"a fan is out"')]);
  await rack.run("release", "n1");
  await rack.run("stop", "--reason", "wrong commit");
  const stopped = await rack.run("apply", "--yes");
  expect([stopped.code, stopped.out]).toEqual([4, expect.stringContaining("wrong commit")]);
  await rack.run("resume");
  expect((await rack.run("apply", "--yes")).code).toBe(0);
});

test("a refused apply ends with its summary as every other does", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  await rack.run("stop", "--reason", "wrong commit");
  const events = (await rack.run("apply", "--yes", "--json")).out.trim().split("\n");
  expect(events.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
    "apply.refused",
    "apply.summary",
  ]);
});

test("validate --live keeps to its format, and places a BMC that does not answer", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  await rack.simulator.close();
  const { code, out } = await rack.run("validate", "--live", "--format", "json");
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    valid: false,
    diagnostics: [{ code: "IW-B01", file: "inventory/n1.yaml" }],
  });
});

test("a hold on power alone keeps that step back and lets the others be done", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n  boot: { device: disk }\n" });
  await rack.run("hold", "n1", "--reason", "cabling", "--scope", "power");
  const applied = await rack.run("apply", "--yes");
  expect([applied.code, applied.out]).toEqual([0, expect.stringContaining("1 node applied")]);
  expect(rack.acts().map(({ method }) => method)).toEqual(["PATCH"]);
});

test("removing more than a few nodes is refused whole, and passed by its exact number", async () => {
  const names = ["n1", "n2", "n3", "n4", "n5"];
  const rack = await aRack(names);
  for (const name of names.slice(1)) rack.repo.remove(`inventory/${name}.yaml`);
  const refused = await rack.run("apply", "--yes");
  expect([refused.code, refused.out]).toEqual([4, expect.stringContaining("removes 4 of 5 nodes")]);
  expect((await rack.run("apply", "--yes", "--accept-removal", "3")).code).toBe(4);
  expect((await rack.run("apply", "--yes", "--accept-removal", "4")).code).toBe(0);
});

test("read-only and mode observe send nothing and say so", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  const readOnly = await rack.run("apply", "--yes", "--read-only");
  expect([readOnly.code, readOnly.err]).toEqual([4, expect.stringContaining("--read-only")]);
  rack.declare("  mode: observe\n  power: on\n");
  const observed = await rack.run("apply", "--yes");
  expect([observed.code, observed.out]).toEqual([4, expect.stringContaining("mode is observe")]);
  // Engines of an earlier commit may still act: whoever says observe can stop them and hold a node.
  const settings = join(rack.repo.dir, "ironwright.yaml");
  writeFileSync(settings, `${readFileSync(settings, "utf8")}mode: observe\n`);
  expect((await rack.run("stop", "--reason", "look first")).code).toBe(0);
  expect((await rack.run("hold", "n1", "--reason", "look first")).code).toBe(0);
  expect((await rack.run("resume")).code).toBe(4);
  expect(rack.acts()).toEqual([]);
});

test("a machine that is swapped between plan and apply gets nothing", async () => {
  const rack = await aRack(["n1", "n2"], { spec: "  power: on\n" });
  await rack.run("plan", "--out", "it.plan");
  rack.simulator.fault("swap=n1,n2");
  const applied = await rack.run("apply", "it.plan", "--yes");
  expect([applied.code, rack.acts()]).toEqual([4, []]);
  expect(applied.out).toContain("another machine answers");
});

test("a machine that is swapped while its graceful stop is waited for is not forced off", async () => {
  const rack = await aRack(["n1", "n2"], {
    spec: "  power: on\n",
    simulator: { faults: ["n1=ignore-graceful"] },
  });
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  rack.declare("  power: off\n", ["n1"]);
  const applying = rack.start({}, "apply", "--yes");
  const sent = () => rack.acts().map(({ body }) => JSON.stringify(body));
  await vi.waitFor(() => expect(sent()).toContain('{"ResetType":"GracefulShutdown"}'), {
    timeout: 10_000,
  });
  rack.simulator.fault("swap=n1,n2");
  const applied = await applying.ended;
  expect(applied.out).toContain("another machine answers");
  expect(sent()).not.toContain('{"ResetType":"ForceOff"}');
});

test("a task of a stranger leaves power alone, in the plan and at the act", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  await rack.run("plan", "--out", "it.plan");
  rack.simulator.fault("n1=task");
  expect((await rack.run("plan")).out).toContain(
    "a task runs on its BMC (Firmware update, Running)",
  );
  const applied = await rack.run("apply", "it.plan", "--yes");
  expect(applied.out.replaceAll(/\s+/g, " ")).toContain("runs a task (Firmware update, Running)");
  expect([applied.code === 0, rack.acts()]).toEqual([false, []]);
  rack.simulator.clearFaults("n1");
  expect((await rack.run("apply", "--yes")).code).toBe(0);
});

test("an inventory of several systems behind one BMC uses one session, and one act at a time", async () => {
  const names = ["n1", "n2", "n3", "n4"];
  const rack = await aRack(names, { spec: "  power: on\n", simulator: { sessionLimit: 1 } });
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  expect(rack.acts()).toHaveLength(4);
  expect(new Set(rack.acts().map(({ session }) => session)).size).toBe(1);
});

test("basic authentication, ETags that are required and a pinned certificate are ways like any other", async () => {
  const rack = await aRack(["n1"], {
    simulator: { https: true, faults: ["n1=etag-required"] },
    init: false,
  });
  const pin = rack.simulator.pin ?? "";
  rack.declare("  power: on\n  boot: { device: pxe }\n");
  const text = `${rack.repo.dir}/inventory/n1.yaml`;
  rack.repo.write(
    "inventory/n1.yaml",
    readFileSync(text, "utf8").replace(
      "    username: admin",
      `    auth: basic\n    tls: { pin: "${pin}" }\n    username: admin`,
    ),
  );
  expect((await rack.run("init")).code).toBe(0);
  const applied = await rack.run("apply", "--yes");
  expect([applied.code, applied.out]).toEqual([0, expect.stringContaining("fence: time only")]);
  expect(rack.logins()).toEqual([]);
  expect(rack.simulator.machines.get("n1")?.boot.target).toBe("Pxe");
});

test("half of a setting that a BMC took is not called done", async () => {
  const rack = await aRack(["n1"], {
    spec: "  boot: { device: pxe }\n",
    simulator: { faults: ["n1=half-apply"] },
  });
  const applied = await rack.run("apply", "--yes");
  expect([applied.code, applied.out]).toEqual([1, expect.stringContaining("IW-B11")]);
});

test("stale values are waited for, and an answer that is lost is looked for and never repeated", async () => {
  const rack = await aRack(["n1", "n2"], {
    spec: "  power: on\n",
    simulator: { layout: "port-per-bmc", faults: ["n1=stale:500ms", "n2=drop-after"] },
  });
  const applied = await rack.run("apply", "--yes");
  expect([applied.code, applied.out]).toEqual([0, expect.stringContaining("2 nodes applied")]);
  expect(new Set(rack.acts().map(({ machine }) => machine))).toEqual(new Set(["n1", "n2"]));
  expect(rack.acts()).toHaveLength(2);
});

test("drift accept writes what the hardware says into the document, comments kept", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on   # the reason\n" });
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  rack.simulator.pressPowerButton("n1");
  const accepted = await rack.run("drift", "accept", "n1");
  expect([accepted.code, accepted.out]).toEqual([
    0,
    expect.stringContaining("power written as observed"),
  ]);
  expect(readFileSync(`${rack.repo.dir}/inventory/n1.yaml`, "utf8")).toContain(
    "power: off # the reason",
  );
  expect((await rack.run("plan", "--detailed-exitcode")).code).toBe(0);
});
