import { treeOf } from "../../../engine/plan/tree/relatives.ts";
import { Budget } from "../../../engine/run/budget.ts";
import { expect, test } from "vitest";
import type { Driver, Performed } from "../../../drivers/driver.ts";
import type { Flow } from "../../../engine/run/flow.ts";
import { Slots, Spacing, Turns } from "../../../engine/run/limits.ts";
import { recover } from "../../../engine/run/recover.ts";
import { initStore } from "../../../engine/run/store/init-store.ts";
import { failure } from "../../../schemas/failure.ts";
import { defaultSettings } from "../../../schemas/settings.ts";
import { aNode, planOf, seen, sha256 } from "../../support/a-fleet.ts";
import { acting, type FateOf, held, INTENT, STORE, storePorts } from "../../support/a-store.ts";
import { FakeClock, seededRandom } from "../../support/fake-clock.ts";
import { MemoryFiles } from "../../support/memory-files.ts";

const OLD = "https://old.bmc";
const SESSION = "/redfish/v1/SessionService/Sessions/1";

/** A clock on which nobody waits. */
class EagerClock extends FakeClock {
  override sleep(): Promise<void> {
    return Promise.resolve();
  }
}

/** Takes over a node whose holder died with a session open at `OLD`; git names another address by now. */
async function takenOver(answer: Performed, fateOf: FateOf) {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const old = await held(await acting(storePorts(disk, 2)));
  await old.nameSession(OLD, SESSION);
  await old.intent({ ...INTENT, after: { power: "on" } });
  const store = await acting(storePorts(disk, 3, { fateOf }));
  const grant = await held(store);
  const asked: { readonly address: string | undefined; readonly verb: string }[] = [];
  const driver: Driver = {
    observe: (node) => Promise.resolve(seen(node.name)),
    perform: (node, { verb }) => {
      asked.push({ address: node.spec.bmc?.address, verb });
      return Promise.resolve(answer);
    },
    close: () => Promise.resolve(),
  };
  const node = aNode("n1", { power: "on" });
  const plan = planOf(node, seen("n1"));
  const [nodePlan] = plan.nodes;
  if (nodePlan === undefined) throw new Error("no plan");
  const clock = new EagerClock();
  const flow: Flow = {
    context: {
      act: null,
      store,
      drivers: { driverFor: () => driver, secretVersion: () => Promise.resolve(null) },
      clock,
      checkpoint: () => Promise.resolve(),
      emit: () => undefined,
      settings: defaultSettings(),
      plan,
      authority: { who: "test", ceiling: "reboot" },
      registerSeq: 1,
      random: seededRandom(1),
      budget: new Budget(store, clock, []),
      digest: sha256,
      tree: treeOf([]),
      slots: new Slots(1),
      turns: new Turns(),
      resets: new Spacing(clock),
      stopping: new AbortController().signal,
      seen: new Map(),
    },
    node,
    plan: nodePlan,
    grant,
    driver,
    observation: seen("n1"),
    registerSeq: 1,
    session: null,
    opened: false,
    softOffSpent: false,
    broughtUp: false,
    step: null,
  };
  const why = await recover(flow);
  return { asked, why, store };
}

test("a dead holder's session is ended where it was opened, not at the address that git names now", async () => {
  const { asked, why, store } = await takenOver({ sent: true }, () => "gone");
  expect([why, asked]).toEqual([null, [{ address: OLD, verb: "session.end" }]]);
  await store.close();
});

test("an old address that is gone for good blocks nothing once the holder is gone too", async () => {
  const unreachable = failure("transient", "IW-B01", "no answer");
  const { why, store } = await takenOver({ sent: false, failure: unreachable }, () => "gone");
  expect(why).toBeNull();
  await store.close();
});
