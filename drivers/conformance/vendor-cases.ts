import assert from "node:assert/strict";
import { z } from "zod";
import { VENDOR_ABSENT, type VendorCall } from "../../schemas/vendor.ts";
import type { HardwareType, VendorMethod } from "../driver.ts";
import { assertUnsent, caseOf, type ConformanceCase, type Stage } from "./conformance-case.ts";

/** Methods of the type's own: whole as data, and as good as their word on the machine. */
export function vendorCases(type: HardwareType): readonly ConformanceCase[] {
  const { vendor = [] } = type;
  if (vendor.length === 0) return [];
  const it = caseOf(type);
  const reading = vendor.filter(({ reads }) => reads);
  const acting = vendor.filter(({ reads }) => !reads);
  return [
    it("each vendor method has a name, a sentence, and arguments with their meaning", async () => {
      const names = vendor.map(({ name }) => name);
      assert.deepEqual(names, [...new Set(names)]);
      for (const method of vendor) assertDeclared(method);
    }),

    it("it has vendor methods only where it backs them: an interface, verbs and facets", async () => {
      const [first] = type.offer.interfaces.filter((one) => one.interface === "vendor");
      assert.ok(first?.built === true && first.implementation !== "no-vendor", "vendor interface");
      if (acting.length > 0) assert.ok(type.performs.includes("vendor.call"), "vendor.call");
      if (acting.some(({ after }) => after !== undefined))
        assert.ok(type.observes.includes("vendor"), "the facet vendor");
    }),

    ...(reading.length === 0
      ? []
      : [
          it("a vendor method that reads answers JSON, and changes nothing", async (stage) => {
            for (const method of reading) await assertReads(stage, method);
          }),
        ]),

    ...(acting.length === 0
      ? []
      : [
          it("a vendor method that acts is sent once, and what it names is read back", async (stage) => {
            for (const method of acting) {
              // The one before may have restarted the BMC, whose sessions are gone then.
              await stage.open();
              await assertActs(stage, method);
            }
          }),

          it("a vendor method that it does not declare is not sent (IW-B18)", async (stage) => {
            await stage.open();
            const call = { method: "no_such_method", args: {} };
            assertUnsent(await stage.perform({ verb: "vendor.call", ...call }), "IW-B18");
            assert.equal(await stage.bench.mutations(), 0);
          }),
        ]),
  ];
}

function assertDeclared({ name, description, reads, impact, args }: VendorMethod): void {
  assert.match(name, /^[a-z][a-z0-9_]*$/);
  assert.match(description, /\S+ \S+/, `${name}: its description is no sentence`);
  if (reads) assert.equal(impact, "none", `${name} only reads`);
  assert.ok(!args.safeParse({ "no such argument": 1 }).success, `${name} is not strict`);
  const schema = z.toJSONSchema(args, { io: "input" });
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const meaning = typeof property === "object" ? property.description : undefined;
    assert.match(meaning ?? "", /\S+ \S+/, `${name}: ${key} has no meaning`);
  }
}

/** As the engine calls it: with the arguments that its schema took. */
function callOf({ bench }: Stage, { name, args }: VendorMethod): VendorCall {
  const parsed = args.safeParse(bench.vendorArgs?.[name] ?? {});
  assert.ok(
    parsed.success,
    `give the bench vendorArgs for ${name}: ${parsed.error?.message ?? ""}`,
  );
  return { method: name, args: parsed.data };
}

async function assertReads(stage: Stage, method: VendorMethod): Promise<void> {
  const { bench } = stage;
  const read = await bench.reader.readVendor?.(bench.node, callOf(stage, method));
  assert.ok(read !== undefined, "its driver has no readVendor()");
  if (read.ok) assert.deepEqual(JSON.parse(JSON.stringify(read.value)), read.value, method.name);
  else assert.match(read.failure.message, /\S.*; \S/, method.name);
  assert.equal(await bench.mutations(), 0, `${method.name} changed something`);
  const silent = await bench.reader.readVendor?.(bench.silent, callOf(stage, method));
  assert.equal(silent?.ok, false, `${method.name} of a silent BMC`);
}

/** A machine may not have what the method is for: then it is not sent. */
async function assertActs(stage: Stage, method: VendorMethod): Promise<void> {
  const call = callOf(stage, method);
  const before = await stage.bench.mutations();
  const performed = await stage.perform({ verb: "vendor.call", ...call });
  const sent = (await stage.bench.mutations()) - before;
  if (performed.sent === false) {
    assert.equal(performed.failure.code, "IW-B18", JSON.stringify(performed));
    assert.equal(sent, 0, `requests by ${method.name}`);
    return;
  }
  assert.equal(performed.sent, true, JSON.stringify(performed));
  assert.equal(sent, 1, `requests by ${method.name}`);
  const seen = await stage.read("vendor");
  for (const [name, value] of Object.entries(method.after?.(call.args) ?? {}))
    assert.equal(seen?.[name] ?? VENDOR_ABSENT, value, `${method.name}: ${name}`);
}
