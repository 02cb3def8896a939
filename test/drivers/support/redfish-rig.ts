import { afterEach } from "vitest";
import type { Driver } from "../../../drivers/driver.ts";
import { redfishType } from "../../../drivers/redfish/redfish-type.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { testNode, type TestPorts, testPorts } from "./driver-bench.ts";
import { type SmallBmc, type SmallBmcOptions, startSmallBmc } from "./small-bmc.ts";

export const LOGIN = { username: "root", password: "calvin" };
export const POST_SESSION = "POST /redfish/v1/SessionService/Sessions";

let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open) await one.close();
  open = [];
});

/** A small BMC that is closed after the test. */
export async function small(options: SmallBmcOptions = LOGIN): Promise<SmallBmc> {
  const bmc = await startSmallBmc(options);
  open.push(bmc);
  return bmc;
}

/** A Redfish driver that is closed after the test. */
export function driver(options: TestPorts = {}): Driver {
  const made = redfishType.open(testPorts(options));
  open.unshift(made);
  return made;
}

/** A node on a small BMC, with its login. */
export function nodeAt(
  bmc: SmallBmc,
  more: NonNullable<NodeSpec["bmc"]> = {},
  name = "n1",
): FleetNode {
  const login = { username: "root", password: { env: "BMC_PASSWORD" } };
  return testNode(name, { driver: "redfish", bmc: { address: bmc.url, ...login, ...more } });
}

/** Makes every reset take its time; answers how many ran at once at the most. */
export function resetSlowly(bmc: SmallBmc): () => number {
  let running = 0;
  let most = 0;
  bmc.misbehave = (seen, response) => {
    if (!seen.path.endsWith("Reset")) return false;
    running += 1;
    most = Math.max(most, running);
    setTimeout(() => {
      running -= 1;
      response.writeHead(204).end();
    }, 20);
    return true;
  };
  return () => most;
}
