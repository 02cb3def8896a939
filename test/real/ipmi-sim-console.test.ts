import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { IpmiDriver } from "../../drivers/ipmi/ipmi-driver.ts";
import { testNode, testPorts } from "../drivers/support/driver-bench.ts";
import { ear } from "../drivers/ipmi/sol/console-rig.ts";
import { PASSWORD, startSim, stopSim } from "./ipmi-sim-program.ts";

/** A serial line behind a TCP port: it greets and echoes, as a machine would. */
async function serialLine(): Promise<{ readonly port: number; readonly line: Promise<Socket> }> {
  const server = createServer((socket) => {
    socket.on("data", (bytes) => socket.write(bytes));
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it has no port");
  return { port: address.port, line: once(server, "connection").then(([socket]) => socket) };
}

describe("the console of ipmi_sim of OpenIPMI", () => {
  it("is opened, typed at, closed, and opened again", async () => {
    const { port, line } = await serialLine();
    const sim = await startSim({ lines: `sol "tcp:127.0.0.1:${port}" 115200` });
    onTestFinished(() => stopSim(sim));
    const socket = await line;
    onTestFinished(() => void socket.destroy());
    const lines: string[] = [];
    const debug = (text: string): void => void lines.push(text);
    const driver = new IpmiDriver({ ...testPorts({ secret: PASSWORD }), debug });
    onTestFinished(() => driver.close());
    const login = { username: "admin", password: { env: "BMC_PASSWORD" }, cipherSuite: 3 };
    const bmc = { address: `ipmi://127.0.0.1:${sim.port}`, ...login };
    const node = testNode("n1", { driver: "ipmi", bmc });
    for (const word of ["hello", "again"]) {
      const { seen, ears } = ear();
      const opened = await driver.openConsole(node, { takesOver: false, ears });
      if (opened.kind !== "open") throw new Error(JSON.stringify([opened, lines]));
      opened.console.type(Buffer.from(`${word}\r`));
      await seen.until(() => seen.text.includes(word));
      // It keeps the number of the last packet for the next session, and takes a first one of the same number for its double.
      opened.console.type(Buffer.from("$ "));
      await seen.until(() => seen.text.includes("$ "));
      socket.write(`the machine says ${word}\r\n`);
      await seen.until(() => seen.text.endsWith(`the machine says ${word}\r\n`));
      expect(seen.text).toBe(`${word}\r$ the machine says ${word}\r\n`);
      expect(seen.ended).toBeNull();
      await opened.console.close();
    }
  });
});
