import { Worker } from "node:worker_threads";
import { afterEach, expect, it } from "vitest";
import { redfishType } from "../../../drivers/redfish/redfish-type.ts";
import { type TestCertificate, testCertificate } from "../support/certificate.ts";
import { performContext, testNode, testPorts } from "../support/driver-bench.ts";

/**
 * A BMC in a thread of its own, so that it goes on reading while this thread is held. It notes when a
 * reset reached it, in milliseconds since the epoch.
 */
const THREAD = `
const { parentPort, workerData } = require("node:worker_threads");
const seenAt = new Float64Array(workerData.shared);
const system = {
  PowerState: "Off",
  Actions: { "#ComputerSystem.Reset": { target: "/reset", "ResetType@Redfish.AllowableValues": ["On"] } },
};
const bodies = {
  "/redfish/v1/": { Systems: { "@odata.id": "/redfish/v1/Systems" } },
  "/redfish/v1/Systems": { Members: [{ "@odata.id": "/redfish/v1/Systems/1" }] },
  "/redfish/v1/Systems/1": system,
};
const listener = (request, response) => {
  if (request.url === "/reset") seenAt[0] = performance.timeOrigin + performance.now();
  response.end(JSON.stringify(bodies[request.url] ?? {}));
};
const { tls } = workerData;
const server = tls
  ? require("node:https").createServer(tls, listener)
  : require("node:http").createServer(listener);
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

let worker: Worker | null = null;
afterEach(async () => {
  await worker?.terminate();
});

const HELD_MS = 400;

/** Milliseconds between the end of the check's turn and the arrival of the act; the turn is followed by a hold. */
async function arrivalAfterCheck(tls: TestCertificate | null): Promise<number> {
  const shared = new SharedArrayBuffer(8);
  worker = new Worker(THREAD, { eval: true, workerData: { shared, tls } });
  const port = await new Promise<number>((resolve) => worker?.once("message", resolve));
  const driver = redfishType.open(testPorts());
  const address = `${tls === null ? "http" : "https"}://127.0.0.1:${port}`;
  const spec = tls === null ? { address } : { address, tls: { pin: tls.pin } };
  const node = testNode("n1", { bmc: spec });
  await driver.perform(node, { verb: "session.open" }, performContext());
  let heldFrom = 0;
  const check = (): Promise<null> => {
    // Runs as soon as this turn of the event loop is over, and holds the thread.
    setImmediate(() => {
      heldFrom = performance.timeOrigin + performance.now();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HELD_MS);
    });
    return Promise.resolve(null);
  };
  const performed = await driver.perform(node, { verb: "power.on" }, performContext({ check }));
  expect(performed).toMatchObject({ sent: true });
  await driver.close();
  return (new Float64Array(shared)[0] ?? 0) - heldFrom;
}

it("an act is on the wire before the turn of its check is over", async () => {
  expect(await arrivalAfterCheck(null)).toBeLessThan(HELD_MS / 2);
});

it("an act is on the wire before the turn of its check is over, under TLS too", async () => {
  expect(await arrivalAfterCheck(await testCertificate())).toBeLessThan(HELD_MS / 2);
});
