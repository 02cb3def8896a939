import { z } from "zod";
import { cpuSchema, diskSchema, nicSchema } from "./machine-inventory.ts";
import { means } from "./means.ts";

const fakeMs = z.number().int().min(0).max(600_000);

/** What a fake machine is made of, how slow it is, and what goes wrong with it. */
export const fakeSchema = z.strictObject({
  delayMs: fakeMs.optional().meta(means("milliseconds that every reading and act takes", 0)),
  powerMs: fakeMs
    .optional()
    .meta(means("milliseconds from a power act until power is on or off", 0)),
  agentMs: fakeMs
    .optional()
    .meta(means("milliseconds from a ramdisk's boot until its agent answers", 0)),
  stepMs: fakeMs
    .optional()
    .meta(means("milliseconds that a step takes which names no duration", 0)),
  failures: z
    .array(z.string())
    .optional()
    .meta(
      means(
        "observe, observe:FACET, VERB:HOW (refused, unsent, lost or ignored), step:INTERFACE.STEP:HOW (also failed), " +
          "agent:never; :once at the end: it passes",
      ),
    ),
  power: z.enum(["on", "off"]).optional().meta(means("power at first sight", "off")),
  serial: z.string().optional().meta(means("serial number; left out: fake- and the node's name")),
  disks: z
    .array(diskSchema.partial())
    .max(64)
    .optional()
    .meta(
      means(
        "what its BMC says of each disk, at first with somebody's data on it; left out: two SSDs, []: it lists none",
      ),
    ),
  nics: z
    .array(nicSchema.partial())
    .max(64)
    .optional()
    .meta(means("what its BMC says of each network interface; left out: two")),
  cpu: cpuSchema
    .partial()
    .optional()
    .meta(means("what its BMC says of its processors; left out: 2 sockets, 32 cores")),
  memoryBytes: z
    .number()
    .int()
    .min(1)
    .optional()
    .meta(means("bytes of memory", 256 * 1024 ** 3)),
  agentSteps: z
    .unknown()
    .optional()
    .meta(
      means(
        "what its ramdisk's agent answers when it is asked for its steps, word for word, also nonsense: a list of " +
          "interface, step, priority (by flow), args, abortable, reboots, erases, rerun, timeoutSeconds; left out: none",
      ),
    ),
  agentVersion: z
    .string()
    .optional()
    .meta(means("the version that the agent says; left out: it says none")),
});
