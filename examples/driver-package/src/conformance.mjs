// @ts-check
import { benchNode, benchPorts } from "ironwright/conformance";
import { startBar } from "./outlet-simulator.mjs";
import { outletType } from "./outlet-type.mjs";

const LOGIN = { username: "ops", password: { env: "BAR_PASSWORD" } };
const SECRET = "volt-9-secret";

/**
 * Benches for `ironwright conformance`, by hardware type.
 * @type {import("ironwright/conformance").ConformanceSetUps}
 */
export const conformance = {
  async outlet() {
    const label = { maker: "Contoso", serial: "C-1" };
    const outlets = { "1/3": { state: /** @type {const} */ ("off"), label } };
    const bar = await startBar({ username: "ops", password: SECRET, outlets });
    const mad = await startBar({ username: "ops", password: SECRET, outlets: {} });
    mad.mood = "nonsense";
    /** @param {string} name @param {string} address */
    const nodeAt = (name, address) =>
      benchNode(name, { driver: "outlet", bmc: { address, system: "3", ...LOGIN } });
    const node = nodeAt("n1", bar.url);
    // Port 1 of the loopback: nothing listens there.
    const silent = nodeAt("n2", "http://127.0.0.1:1");
    return {
      driver: outletType.open(benchPorts({ secret: SECRET })),
      reader: outletType.open(benchPorts({ secret: SECRET, readOnly: true })),
      node,
      invalid: nodeAt("n3", "10.0.0.40"),
      silent,
      garbage: nodeAt("n4", mad.url),
      secret: SECRET,
      treat(_verb, how) {
        if (how === "unsent") return silent;
        bar.mood = how;
        return node;
      },
      mutations: () => bar.log.length,
      async close() {
        await bar.close();
        await mad.close();
      },
    };
  },
};
