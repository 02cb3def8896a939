// @ts-check
import { z } from "zod";
import { OutletDriver } from "./outlet-driver.mjs";

/**
 * The part of a Node's spec that this type reads. `schema driver outlet` prints it and `validate` holds to it, so
 * every property says what it means.
 */
const properties = z
  .object({
    bmc: z.object({
      address: z.string().describe("URL of the power bar, such as http://10.0.0.40"),
      system: z
        .string()
        .regex(/^[1-9][0-9]?$/, "must be the number of an outlet, 1 to 99")
        .describe("number of the outlet that feeds the machine"),
      username: z.string().optional().describe("user on the power bar"),
      password: z.unknown().optional().describe("where the password is kept; required with a user"),
    }),
    driverInfo: z
      .strictObject({
        bank: z
          .number()
          .int()
          .min(1)
          .max(4)
          .optional()
          .meta({ description: "bank of outlets, counted from the inlet", default: 1 }),
      })
      .optional(),
  })
  .describe(
    "machines whose power is switched by an outlet of a Voltbar power bar, over HTTP and JSON",
  );

/**
 * An implementation without steps of its own.
 * @param {import("ironwright/driver").HardwareOffer["interfaces"][number]["interface"]} name
 * @param {string} implementation
 */
const plain = (name, implementation) => ({
  interface: name,
  implementation,
  steps: [],
  built: true,
});

/**
 * Machines behind an outlet: power, and the label that says which machine is plugged in; nothing else.
 * @type {import("ironwright/driver").HardwareType}
 */
export const outletType = {
  name: "outlet",
  properties,
  offer: {
    hardwareType: "outlet",
    interfaces: [
      plain("power", "outlet"),
      plain("management", "outlet"),
      plain("boot", "no-boot"),
      plain("deploy", "noop"),
      plain("bios", "no-bios"),
      plain("raid", "no-raid"),
      plain("firmware", "no-firmware"),
      plain("inspect", "no-inspect"),
      plain("console", "no-console"),
      plain("network", "noop"),
      plain("storage", "noop"),
      plain("rescue", "no-rescue"),
      plain("vendor", "no-vendor"),
    ],
  },
  observes: ["identity", "power", "tasks"],
  performs: ["power.on", "power.off", "session.open", "session.end"],
  validate: findings,
  open: (ports) => new OutletDriver(ports),
};

/**
 * What the schema can't say; ironwright asks only where the schema found nothing.
 * @param {import("ironwright/driver").FleetNode} node
 */
function findings({ spec: { bmc } }) {
  const found = [];
  if (!/^http:\/\/[^/]+\/?$/.test(bmc?.address ?? "")) {
    const message = `bmc.address is no URL of a power bar ("${bmc?.address ?? ""}"); write http://10.0.0.40`;
    found.push({ path: "/bmc/address", message });
  }
  if ((bmc?.username === undefined) !== (bmc?.password === undefined)) {
    const message = "bmc.username and bmc.password go together; write both or none";
    found.push({ path: "/bmc", message });
  }
  return found;
}
