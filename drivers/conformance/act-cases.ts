import assert from "node:assert/strict";
import type { DriverAction } from "../../schemas/action.ts";
import { CODES } from "../../schemas/codes.ts";
import type { Failure } from "../../schemas/failure.ts";
import { INDICATOR_COMPONENTS } from "../../schemas/indicators.ts";
import { known, type ObservedFacet } from "../../schemas/observation.ts";
import type { HardwareType } from "../driver.ts";
import type { DriverBench, Treatment } from "./bench.ts";
import { performContext } from "./bench-ports.ts";
import {
  assertRefused,
  assertUnsent,
  caseOf,
  type ConformanceCase,
  refusingCheck,
  type Stage,
} from "./conformance-case.ts";

interface ActCase {
  readonly act: DriverAction;
  readonly facet: ObservedFacet;
  readonly seen: unknown;
}

const ACTS: readonly ActCase[] = [
  { act: { verb: "power.on" }, facet: "power", seen: "on" },
  { act: { verb: "power.softOff" }, facet: "power", seen: "off" },
  { act: { verb: "power.on" }, facet: "power", seen: "on" },
  { act: { verb: "power.off" }, facet: "power", seen: "off" },
  {
    act: { verb: "management.setBootDevice", device: "pxe", persistent: true },
    facet: "bootDevice",
    seen: { device: "pxe", persistent: true },
  },
  {
    act: { verb: "management.setBootDevice", device: "disk", persistent: true },
    facet: "bootDevice",
    seen: { device: "disk", persistent: true },
  },
  { act: { verb: "management.setBootMode", mode: "bios" }, facet: "bootMode", seen: "bios" },
  { act: { verb: "management.setBootMode", mode: "uefi" }, facet: "bootMode", seen: "uefi" },
];

/** Acts that a type may leave out. */
const OPTIONAL_ACTS: readonly DriverAction[] = [
  { verb: "power.softOff" },
  { verb: "management.setBootDevice", device: "pxe", persistent: true },
  { verb: "management.setBootMode", mode: "uefi" },
  { verb: "management.setSecureBoot", enabled: true },
  { verb: "management.setIndicator", component: "system", id: "1", state: "on" },
  { verb: "management.injectNmi" },
  { verb: "vendor.call", method: "nothing", args: {} },
  { verb: "boot.ramdisk", purpose: "clean" },
  { verb: "boot.instance" },
  {
    verb: "step.run",
    id: "a/1",
    interface: "deploy",
    step: "erase_devices",
    args: {},
    inBand: true,
    disks: [],
  },
];

const ON = { verb: "power.on" } as const;

/** Acts: at most once on the wire, after the check, and told as what they came to. */
export function actCases(type: HardwareType): readonly ConformanceCase[] {
  return [
    ...sendingCases(type),
    ...settingCases(type),
    ...sessionCases(type),
    ...outcomeCases(type),
    ...leftOut(type),
  ];
}

/** Settings that a type may leave out, by what they are read back as. */
function settingCases(type: HardwareType): readonly ConformanceCase[] {
  const it = caseOf(type);
  return [
    ...(type.performs.includes("management.setSecureBoot")
      ? [
          it("secure boot is set and read back", async (stage) => {
            await stage.open();
            const act = { verb: "management.setSecureBoot", enabled: true } as const;
            assert.equal((await stage.perform(act)).sent, true);
            assert.equal((await stage.read("secureBoot"))?.enabled, true);
          }),
        ]
      : []),

    ...(type.performs.includes("management.setIndicator")
      ? [
          it("every light that can be set is set, and is read back", async (stage) => {
            await stage.open();
            const lights = Object.entries((await stage.read("indicators")) ?? {});
            assert.ok(lights.length > 0, "no light is shown");
            for (const [name, { states }] of lights) {
              const slash = name.indexOf("/");
              const component = INDICATOR_COMPONENTS.find((one) => one === name.slice(0, slash));
              assert.ok(component !== undefined, `${name}: its component is none that there is`);
              for (const state of states) {
                const id = name.slice(slash + 1);
                const act: DriverAction = { verb: "management.setIndicator", component, id, state };
                assert.equal((await stage.perform(act)).sent, true, `${name} ${state}`);
                assert.equal((await stage.read("indicators"))?.[name]?.state, state, name);
              }
            }
          }),
        ]
      : []),
  ];
}

function sendingCases(type: HardwareType): readonly ConformanceCase[] {
  const it = caseOf(type);
  const acts = ACTS.filter(({ act }) => type.performs.includes(act.verb));
  return [
    it("every act is sent once and is seen when it is read back", async (stage) => {
      assert.ok(type.performs.includes("power.on") && type.performs.includes("power.off"));
      await stage.open();
      for (const [index, { act, facet, seen }] of acts.entries()) {
        const performed = await stage.perform(act);
        assert.equal(performed.sent, true, `${act.verb}: ${JSON.stringify(performed)}`);
        assert.deepEqual(await stage.read(facet), seen, act.verb);
        assert.equal(await stage.bench.mutations(), index + 1, `requests by ${act.verb}`);
      }
    }),

    it("the check is asked once for each act, before anything is sent", async (stage) => {
      await stage.open();
      const counts: number[] = [];
      const check = async (): Promise<null> => {
        counts.push(await stage.bench.mutations());
        return null;
      };
      await stage.perform(ON, stage.bench.node, performContext({ check }));
      assert.deepEqual(counts, [0], "requests that had reached the machine at each check");
      assert.equal(await stage.bench.mutations(), 1);
    }),

    it("a Failure of the check stops an act unsent, and is what it answers", async (stage) => {
      await stage.open();
      const { why, context, asked } = refusingCheck();
      assert.deepEqual(await stage.perform(ON, stage.bench.node, context), {
        sent: false,
        failure: why,
      });
      assert.equal(asked(), 1, "the check was asked more than once, or never");
      assert.equal(await stage.bench.mutations(), 0);
    }),

    it("an aborted signal stops an act unsent", async (stage) => {
      await stage.open();
      const context = performContext({ signal: AbortSignal.abort() });
      assertUnsent(await stage.perform(ON, stage.bench.node, context));
      assert.equal(await stage.bench.mutations(), 0);
    }),

    it("with ports that are read-only no act is sent (IW-B16), and reading goes on", async ({
      bench,
    }) => {
      for (const act of [{ verb: "session.open" }, ON] as const)
        assertUnsent(await bench.reader.perform(bench.node, act, performContext()), "IW-B16");
      assert.equal(known(await bench.reader.observe(bench.node, ["power"]), "power"), "off");
      assert.equal(await bench.mutations(), 0);
    }),

    it("close() may be called twice", async (stage) => {
      await stage.open();
      await stage.bench.driver.close();
      await stage.bench.driver.close();
    }),
  ];
}

/** A BMC without sessions answers session.open without a name: then these hold nothing. */
function sessionCases(type: HardwareType): readonly ConformanceCase[] {
  const it = caseOf(type);
  return [
    it("where a BMC has sessions, no act is sent without session.open before it", async (stage) => {
      const early = await stage.perform(ON);
      const count = await stage.bench.mutations();
      if ((await stage.open()) === null) return;
      assertUnsent(early, "IW-B14");
      assert.equal(count, 0);
    }),

    it("a session that was ended carries no further act, and may be ended again", async (stage) => {
      const session = await stage.open();
      if (session === null) return;
      const end = { verb: "session.end", session } as const;
      assert.equal((await stage.perform(end)).sent, true);
      assertUnsent(await stage.perform(ON), "IW-B14");
      assert.equal((await stage.perform(end)).sent, true);
    }),
  ];
}

async function treated(stage: Stage, how: Treatment): ReturnType<Stage["perform"]> {
  const node = stage.bench.treat("power.on", how);
  await stage.perform({ verb: "session.open" }, node);
  return stage.perform(ON, node);
}

function outcomeCases(type: HardwareType): readonly ConformanceCase[] {
  const it = caseOf(type);
  return [
    it("a refused act is told as refused and changes nothing", async (stage) => {
      assertRefused(await treated(stage, "refused"));
      assert.equal(await stage.read("power"), "off");
    }),

    it("a lost answer is told as unknown, and the act was sent once", async (stage) => {
      const before = await stage.bench.mutations();
      const performed = await treated(stage, "lost");
      assert.equal(performed.sent, "unknown", JSON.stringify(performed));
      assert.ok("failure" in performed);
      assert.equal(performed.failure.kind, "ambiguous");
      assert.equal(performed.failure.code, "IW-B12");
      assert.equal(await stage.bench.mutations(), before + 1);
    }),

    it("an act that is taken and has no effect is told as sent: looking tells", async (stage) => {
      assert.equal((await treated(stage, "ignored")).sent, true);
      assert.equal(await stage.read("power"), "off");
    }),

    it("an act that cannot reach the BMC is told as not sent", async (stage) => {
      assertUnsent(await treated(stage, "unsent"));
    }),

    it("acts on a BMC that talks nonsense do not throw", async ({ bench, perform }) => {
      await perform({ verb: "session.open" }, bench.garbage);
      const performed = await perform(ON, bench.garbage);
      assert.ok([true, false, "refused", "unknown"].includes(performed.sent));
    }),

    it("every failure is a sentence with a known code and a way out, and holds no secret", async (stage) => {
      for (const why of await failuresOf(stage)) {
        assert.ok(Object.hasOwn(CODES, why.code), `the code ${why.code} is none of ours`);
        assert.match(why.message, /\S.*; \S/);
        assert.doesNotMatch(why.message, /\n|\bat .+:\d+:\d+/);
        if (stage.bench.secret !== null)
          assert.ok(!JSON.stringify(why).includes(stage.bench.secret), "it holds the password");
      }
    }),
  ];
}

async function failuresOf({ bench, perform }: Stage): Promise<readonly Failure[]> {
  const nodes = [bench.silent, bench.garbage];
  const found: (Failure | null | undefined)[] = [];
  for (const node of nodes) {
    const seen = await bench.driver.observe(node, ["power", "identity"]);
    found.push(seen.unreachable);
    for (const reading of Object.values(seen.facets)) if (!reading.known) found.push(reading.why);
  }
  found.push(failureIn(await bench.reader.perform(bench.node, ON, performContext())));
  for (const how of ["refused", "lost", "unsent"] as const)
    found.push(await failureOfTreatment({ bench, perform }, how));
  return found.filter((why) => why !== null && why !== undefined);
}

async function failureOfTreatment(
  { bench, perform }: Pick<Stage, "perform"> & { readonly bench: DriverBench },
  how: Treatment,
): Promise<Failure | null> {
  const node = bench.treat("power.on", how);
  await perform({ verb: "session.open" }, node);
  return failureIn(await perform(ON, node));
}

function failureIn(performed: Awaited<ReturnType<Stage["perform"]>>): Failure | null {
  return "failure" in performed ? performed.failure : null;
}

function leftOut(type: HardwareType): readonly ConformanceCase[] {
  const it = caseOf(type);
  return OPTIONAL_ACTS.filter(({ verb }) => !type.performs.includes(verb)).map((act) =>
    it(`${act.verb}, which it does not perform, is answered so and changes nothing`, async (stage) => {
      await stage.open();
      assertUnsent(await stage.perform(act), "IW-B18");
      assert.equal(await stage.bench.mutations(), 0);
    }),
  );
}
