import { describe, expect, it } from "vitest";
import { runConformance, type SetUp } from "../../drivers/conformance/conformance.ts";
import type { Driver, HardwareType, Performed } from "../../drivers/driver.ts";
import { fakeType } from "../../drivers/fake/fake-type.ts";
import { failure } from "../../schemas/failure.ts";
import { benchOfFake } from "./fake/fake-bench.ts";
import { performContext } from "./support/driver-bench.ts";

/** A driver as values, so that each of its words may be taken alone. */
type Words = { readonly [W in keyof Driver]: Driver[W] };

/** The fake machine behind a driver with one bug. */
function withBug(change: (driver: Words) => Partial<Driver>): SetUp {
  return async () => {
    const bench = await benchOfFake();
    const { driver } = bench;
    const whole: Words = {
      observe: (...args) => driver.observe(...args),
      perform: (...args) => driver.perform(...args),
      close: () => driver.close(),
    };
    return { ...bench, secret: "hunter2", driver: { ...whole, ...change(whole) } };
  };
}

const PLANTED: readonly (readonly [string, (driver: Words) => Partial<Driver>, RegExp])[] = [
  [
    "sends each act twice",
    ({ perform }) => ({
      perform: async (node, act, context) => {
        if (act.verb.startsWith("power")) await perform(node, act, context);
        return perform(node, act, context);
      },
    }),
    /sent once/,
  ],
  [
    "does not ask the check",
    ({ perform }) => ({ perform: (node, act) => perform(node, act, performContext()) }),
    /Failure of the check/,
  ],
  [
    "asks the check after it sent",
    ({ perform }) => ({
      perform: async (node, act, context): Promise<Performed> => {
        const done = await perform(node, act, performContext());
        const why = await context.check();
        return why === null ? done : { sent: false, failure: why };
      },
    }),
    /before anything is sent/,
  ],
  [
    "takes a vendor method and does nothing",
    ({ perform }) => ({
      perform: async (node, act, context): Promise<Performed> =>
        act.verb === "vendor.call" ? { sent: true } : perform(node, act, context),
    }),
    /vendor method that acts/,
  ],
  [
    "throws on a silent BMC",
    ({ observe }) => ({
      observe: async (...args) => {
        const seen = await observe(...args);
        if (seen.unreachable !== null) throw new Error("ECONNREFUSED");
        return seen;
      },
    }),
    /silent BMC/,
  ],
  [
    "takes unknown for off",
    ({ observe }) => ({
      observe: async (...args) => {
        const seen = await observe(...args);
        const power = { known: true, value: "off", at: seen.at } as const;
        return { ...seen, facets: { ...seen.facets, power } };
      },
    }),
    /nonsense is unknown/,
  ],
  [
    "answers more than it was asked for",
    ({ observe }) => ({
      observe: (node, facets, signal) => observe(node, [...facets, "tasks"], signal),
    }),
    /no others/,
  ],
  [
    "calls a lost answer not sent",
    ({ perform }) => ({
      perform: async (...args): Promise<Performed> => {
        const done = await perform(...args);
        return done.sent === "unknown" ? { sent: false, failure: done.failure } : done;
      },
    }),
    /lost answer/,
  ],
  [
    "tells the password in a failure",
    ({ perform }) => ({
      perform: async (...args): Promise<Performed> => {
        const done = await perform(...args);
        if (done.sent !== "refused") return done;
        const why = failure("stalled", "IW-B10", "BMC says no; look", "POST root:hunter2");
        return { sent: "refused", failure: why };
      },
    }),
    /holds no secret/,
  ],
  [
    "throws in close()",
    () => ({ close: () => Promise.reject(new Error("busy")) }),
    /close\(\) may be called twice/,
  ],
];

describe("the conformance suite finds a driver that", () => {
  it.each(PLANTED)("%s", async (_name, change, found) => {
    const reports = await runConformance(fakeType, withBug(change));
    const failed = reports.filter(({ passed }) => !passed);
    expect(failed.some(({ name }) => found.test(name))).toBe(true);
    for (const { message } of failed) expect(message).toBeTruthy();
  });

  it("offers what nobody built, or finds nothing wrong with wrong settings", async () => {
    const { interfaces } = fakeType.offer;
    const type: HardwareType = {
      ...fakeType,
      offer: {
        ...fakeType.offer,
        interfaces: interfaces.filter((one) => one.interface !== "console"),
      },
      validate: () => [],
    };
    const reports = await runConformance(type, benchOfFake);
    expect(reports.flatMap(({ passed, message }) => (passed ? [] : [message]))).toEqual([
      expect.stringContaining("nothing is built for console"),
      expect.stringContaining("neither validate() nor its schema finds it"),
    ]);
  });
});

it("the conformance suite says of each case that it passed, as it goes", async () => {
  const said: string[] = [];
  const reports = await runConformance(fakeType, benchOfFake, ({ name }) => said.push(name));
  expect(reports.filter(({ passed }) => !passed)).toEqual([]);
  expect(said).toEqual(reports.map(({ name }) => name));
  expect(new Set(said).size).toBe(said.length);
});
