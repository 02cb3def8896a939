import { expect, test } from "vitest";
import { observeNode } from "../../../engine/run/observe-fleet.ts";
import type { Drivers } from "../../../engine/run/ports.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { failure } from "../../../schemas/failure.ts";
import { aNode, seen } from "../../support/a-fleet.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const REFUSED = failure("stalled", "IW-B04", "login refused");

test("a login that was refused is tried again once the password, the user or the address is another one", async () => {
  let tried = 0;
  let version = "v1";
  const drivers: Drivers = {
    driverFor: () => ({
      observe: ({ name }) => {
        tried += 1;
        return Promise.resolve(seen(name, {}, { unreachable: REFUSED }));
      },
      perform: () => Promise.reject(new Error("nothing is done here")),
      close: () => Promise.resolve(),
    }),
    secretVersion: () => Promise.resolve(version),
  };
  const aLogin = (address: string, username: string): FleetNode =>
    aNode("n1", { bmc: { address, username } });
  let earlier: Awaited<ReturnType<typeof observeNode>> | undefined;
  const look = async (node: FleetNode): Promise<number> => {
    const ports = { drivers, clock: new FakeClock() };
    earlier = await observeNode(node, ports, { earlier, record: null });
    return tried;
  };
  expect(await look(aLogin("https://a", "admin"))).toBe(1);
  expect(await look(aLogin("https://a", "admin"))).toBe(1);
  expect(await look(aLogin("https://b", "admin"))).toBe(2);
  expect(await look(aLogin("https://b", "root"))).toBe(3);
  version = "v2";
  expect(await look(aLogin("https://b", "root"))).toBe(4);
  expect(await look(aLogin("https://b", "root"))).toBe(4);
});
