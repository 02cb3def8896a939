import assert from "node:assert/strict";
import type { DriverAction } from "../../schemas/action.ts";
import { type Failure, failure } from "../../schemas/failure.ts";
import { known, type ObservedFacet, type ObservedFacets } from "../../schemas/observation.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { HardwareType, Performed, PerformContext } from "../driver.ts";
import type { DriverBench, SetUp } from "./bench.ts";
import { performContext } from "./bench-ports.ts";

/** One sentence that a driver must hold; `run` throws an AssertionError where it does not. */
export interface ConformanceCase {
  readonly name: string;
  run(setUp: SetUp): Promise<void>;
}

/** What a case works with: the bench and short words for it. */
export interface Stage {
  readonly type: HardwareType;
  readonly bench: DriverBench;
  /** One facet of the bench's machine; undefined when it is unknown. */
  read<F extends ObservedFacet>(facet: F): Promise<ObservedFacets[F] | undefined>;
  readonly perform: (
    action: DriverAction,
    node?: FleetNode,
    context?: PerformContext,
  ) => Promise<Performed>;
  /** Opens the session; answers its name, or null on a BMC without sessions. */
  open(node?: FleetNode): Promise<string | null>;
}

/** Milliseconds that one case may take: a driver that hangs has failed. */
const CASE_MAX_MS = 30_000;

/** Makes a case of a type: each runs on a bench of its own, which is closed behind it. */
export function caseOf(
  type: HardwareType,
): (name: string, run: (stage: Stage) => Promise<void>) => ConformanceCase {
  return (name, run) => ({
    name,
    async run(setUp) {
      const bench = await setUp();
      try {
        await inTime(run(stageOf(type, bench)));
      } finally {
        await bench.driver.close();
        await bench.reader.close();
        await bench.close();
      }
    },
  });
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const why = `it was not done after ${CASE_MAX_MS / 1000} seconds`;
    timer = setTimeout(() => reject(new assert.AssertionError({ message: why })), CASE_MAX_MS);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function stageOf(type: HardwareType, bench: DriverBench): Stage {
  const perform: Stage["perform"] = (action, node = bench.node, context = performContext()) =>
    bench.driver.perform(node, action, context);
  return {
    type,
    bench,
    perform,
    read: async (facet) => known(await bench.driver.observe(bench.node, [facet]), facet),
    async open(node = bench.node) {
      const opened = await perform({ verb: "session.open" }, node);
      assert.equal(opened.sent, true, `session.open was not sent: ${JSON.stringify(opened)}`);
      return ("session" in opened ? opened.session : undefined) ?? null;
    },
  };
}

/** A check that refuses, and how often it was asked. */
export function refusingCheck(): {
  readonly why: Failure;
  readonly context: PerformContext;
  readonly asked: () => number;
} {
  const why = failure("stalled", "IW-L02", "the lease was lost");
  let count = 0;
  const check = (): Promise<Failure> => {
    count += 1;
    return Promise.resolve(why);
  };
  return { why, context: performContext({ check }), asked: () => count };
}

/** Holds an act to not having been sent, for this reason. */
export function assertUnsent(performed: Performed, code?: string): void {
  assert.equal(
    performed.sent,
    false,
    `it must answer sent: false, not ${JSON.stringify(performed)}`,
  );
  if (code !== undefined && "failure" in performed) assert.equal(performed.failure.code, code);
}

/** Holds an act to having been refused with an answer, for this reason. */
export function assertRefused(performed: Performed, code?: string): void {
  assert.equal(performed.sent, "refused", `it must be refused, not ${JSON.stringify(performed)}`);
  if (code !== undefined && "failure" in performed) assert.equal(performed.failure.code, code);
}
