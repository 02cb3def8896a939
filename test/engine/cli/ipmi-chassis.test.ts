import { expect, test } from "vitest";
import { aRack, type Rack } from "../../support/rack.ts";

/** Two blades of one chassis, both declared on. */
async function blades(): Promise<Rack> {
  const ipmi = { layout: "one-port" } as const;
  const rack = await aRack(["n1", "n2"], { simulator: { ipmi }, init: false });
  const { ipmiAddresses, ipmiTargets } = rack.simulator;
  for (const [name, { channel, address }] of ipmiTargets)
    rack.repo.write(
      `inventory/${name}.yaml`,
      `apiVersion: ironwright/v1
kind: Node
metadata: { name: ${name} }
spec:
  driver: ipmi
  bmc:
    address: ${ipmiAddresses.get(name) ?? ""}
    username: admin
    password: { env: BMC_PASSWORD }
    bridging: { target: { channel: ${channel}, address: ${address} } }
  provision: { state: adopted }
  power: on
`,
    );
  const made = await rack.run("init", "--nodes", "existing");
  if (made.code !== 0) throw new Error(`init: ${made.err}`);
  await rack.repo.commit("two blades");
  return rack;
}

test("two blades of one chassis are powered on by one apply, in one session", async () => {
  const rack = await blades();
  const applied = await rack.run("apply", "--yes");
  expect(applied.out).toContain("2 nodes applied, 0 failed");
  // Which of them comes first is chance.
  const acts = rack.acts().map(({ machine, effect }) => `${machine}: ${effect}`);
  expect(acts.toSorted()).toEqual(["n1: powering on", "n2: powering on"]);
  const sessions = new Set(rack.acts().map(({ session }) => session));
  expect(sessions.size).toBe(1);
  const { out } = await rack.run("status");
  expect(out).toMatch(/n1 +active +on +yes[^]*n2 +active +on +yes/);
});

test("an empty slot is said, and the other blade is powered on", async () => {
  const rack = await blades();
  rack.simulator.fault("n1=ipmi-nak");
  const applied = await rack.run("apply", "--yes");
  expect(applied.out.replaceAll(/\s+/g, " ")).toContain(
    "channel 7 address 22h is not there: nobody took the request",
  );
  expect(rack.acts().map(({ machine }) => machine)).toEqual(["n2"]);
});
