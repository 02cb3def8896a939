import type { DriverBench, Treatment } from "../../../drivers/conformance/conformance.ts";
import { parseFakeMachine } from "../../../drivers/fake/fake-machine.ts";
import { fakeType } from "../../../drivers/fake/fake-type.ts";
import { testNode, testPorts } from "../support/driver-bench.ts";

/** Where fake machines are kept, as text. */
export function memory(): {
  readonly kept: Map<string, string>;
  readonly read: (node: string) => Promise<string | null>;
  readonly write: (node: string, text: string) => Promise<void>;
} {
  const kept = new Map<string, string>();
  return {
    kept,
    read: (node: string) => Promise.resolve(kept.get(node) ?? null),
    write: (node: string, text: string) => {
      kept.set(node, text);
      return Promise.resolve();
    },
  };
}

/** A fake machine for the conformance suite. */
export function benchOfFake(): Promise<DriverBench> {
  const fakeState = memory();
  const node = testNode("n1", { driver: "fake" });
  // The fake has no wire to watch: acts are counted by the log that they leave.
  const driver = fakeType.open(testPorts({ fakeState }));
  return Promise.resolve({
    driver,
    reader: fakeType.open(testPorts({ fakeState, readOnly: true })),
    node,
    silent: testNode("n2", { driver: "fake", fake: { failures: ["observe"] } }),
    invalid: testNode("n1", { driver: "fake", fake: { failures: ["power.on:sometimes"] } }),
    garbage: testNode("n1", { driver: "fake", fake: { failures: ["observe:power"] } }),
    secret: null,
    treat: (verb: string, how: Treatment) =>
      testNode("n1", { driver: "fake", fake: { failures: [`${verb}:${how}`] } }),
    diskless: () => testNode("n1", { driver: "fake", fake: { disks: [] } }),
    mutations: () => {
      const text = fakeState.kept.get("n1");
      return text === undefined ? 0 : parseFakeMachine(text, node).acts;
    },
    work: {
      slow: testNode("n1", { driver: "fake", fake: { stepMs: 60_000 } }),
      step: { interface: "deploy", step: "burnin_cpu", args: {} },
      erase: { interface: "deploy", step: "erase_devices", args: {} },
      serials: ["fake-n1-D0", "fake-n1-D1"],
    },
    vendorArgs: { set_asset_tag: { tag: "r1-u7" }, send_raw: { raw_bytes: "0x06 0x01" } },
    close: () => Promise.resolve(),
  });
}
