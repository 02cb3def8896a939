import { z } from "zod";
import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import type { VendorCall } from "../../schemas/vendor.ts";
import type { VendorMethod } from "../driver.ts";
import type { Command } from "./ask-command.ts";
import { bmcReset, clearSel, control, READS } from "./commands.ts";
import { decodeReservation } from "./packets/sel.ts";
import { readSensors } from "./read-sensors.ts";
import { type ReadAt, readBy, readStatus } from "./read-machine.ts";

const RAW = /^0x[0-9a-f]{2}( 0x[0-9a-f]{2})+$/i;
/** Letters of the bytes that one IPMI message takes, five for each. */
const RAW_LETTERS_MAX = 1023;

const rawArgs = z.strictObject({
  raw_bytes: z
    .string()
    .max(RAW_LETTERS_MAX)
    .regex(RAW, 'must be two bytes or more in hex, as "0x06 0x01"')
    .refine((text) => (bytesOf(text)[0] ?? 1) % 2 === 0, "must begin with an even network function")
    .refine((text) => (bytesOf(text)[0] ?? 0) <= 0x3e, "must begin with a network function to 0x3e")
    .describe("network function, command and data in hex, 0x before each; no secret among them"),
});

const resetArgs = z.strictObject({
  warm: z.boolean().default(true).describe("true: warm, its settings stay; false: cold"),
});

/** Ironic's ipmitool vendor interface, and what Chassis Control has beside on and off. Of none of it can the effect be seen. */
export const ipmiVendor: readonly VendorMethod[] = [
  {
    name: "get_sensors",
    description:
      "its sensors with their readings; some hundred requests, so a slow BMC takes a while",
    reads: true,
    impact: "none",
    args: z.strictObject({}),
  },
  {
    name: "send_raw",
    description:
      "sends raw bytes to the BMC once; what it answers is shown, and kept in the history",
    reads: false,
    impact: "reboot",
    args: rawArgs,
  },
  {
    name: "bmc_reset",
    description: "restarts the BMC; the machine goes on",
    reads: false,
    impact: "in-place",
    args: resetArgs,
  },
  {
    name: "clear_event_log",
    description: "empties the BMC's system event log; show it first, nothing keeps it",
    reads: false,
    impact: "in-place",
    args: z.strictObject({}),
  },
  {
    name: "power_cycle",
    description: "lets the BMC switch the machine off and on again; refused where it is off",
    reads: false,
    impact: "reboot",
    args: z.strictObject({}),
  },
  {
    name: "power_reset",
    description: "resets the machine without switching it off; refused where it is off",
    reads: false,
    impact: "reboot",
    args: z.strictObject({}),
  },
];

/** Answers a method that only reads. */
export async function answerVendor(at: ReadAt, { method }: VendorCall): Promise<Result<unknown>> {
  return method === "get_sensors" ? readSensors(at) : fail(noMethod(at, method));
}

function noMethod({ bmc }: ReadAt, method: string): Failure {
  const names = ipmiVendor.map(({ name }) => name).join(", ");
  return failure(
    "stalled",
    "IW-B18",
    `${bmc.thing} has no vendor method ${method}; there are ${names}`,
  );
}

/** Clear SEL wants a reservation, so that nobody's new record is lost unseen (IPMI 2.0, 31.4, 31.9). */
async function clearCommand(at: ReadAt): Promise<Result<Command>> {
  const reservation = await readBy(at, READS.selReservation, decodeReservation);
  return reservation.ok ? ok(clearSel(reservation.value)) : reservation;
}

function bytesOf(text: string): readonly number[] {
  return text.split(" ").map((byte) => Number.parseInt(byte, 16));
}

/** The one command of a method. */
export async function vendorCommand(
  at: ReadAt,
  { method, args }: VendorCall,
): Promise<Result<Command>> {
  switch (method) {
    case "send_raw": {
      const [netFn = 0, command = 0, ...data] = bytesOf(rawArgs.parse(args).raw_bytes);
      return ok({ netFn, command, data: Buffer.from(data) });
    }
    case "bmc_reset":
      return ok(bmcReset(resetArgs.parse(args).warm));
    case "clear_event_log":
      return clearCommand(at);
    case "power_cycle":
    case "power_reset": {
      const off = await offRefusal(at);
      return off === null ? ok(control(method === "power_cycle" ? "cycle" : "reset")) : fail(off);
    }
    default:
      return fail(noMethod(at, method));
  }
}

/** A cycle or a reset of a machine that is off would be an unwanted power-on (28.3). */
async function offRefusal(at: ReadAt): Promise<Failure | null> {
  const status = await readStatus(at);
  if (!status.ok) return status.failure;
  if (status.value.isOn) return null;
  const fact = `${at.bmc.thing}: the machine is off, so it is neither cycled nor reset`;
  return failure("stalled", "IW-B18", `${fact}; power it on instead`);
}
