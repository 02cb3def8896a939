import { z } from "zod";
import { BOOT_DEVICES, BOOT_MODES } from "../../schemas/documents.ts";
import type { FleetNode } from "../../schemas/fleet.ts";

/** The version of a fake machine's stored state. */
const FAKE_MACHINE_VERSION = 1;

/** A fake machine, as it is kept between processes. */
const fakeMachineSchema = z.object({
  version: z.literal(FAKE_MACHINE_VERSION),
  power: z.enum(["on", "off"]),
  bootDevice: z.enum([...BOOT_DEVICES, "none"]),
  bootMode: z.enum(BOOT_MODES),
  secureBoot: z.boolean(),
  /** Sessions that are open, by name. */
  sessions: z.array(z.string()).max(64),
  /** Sessions that were ever made: names are never used twice. */
  sessionsMade: z.number().int(),
  /** How often a failure that passes has come up. */
  acts: z.number().int(),
});
export type FakeMachine = z.infer<typeof fakeMachineSchema>;

/** A fake machine that nobody has touched: off, uefi, its own boot order, as `spec.fake` says else. */
export function newFakeMachine(node: FleetNode): FakeMachine {
  return {
    version: FAKE_MACHINE_VERSION,
    power: node.spec.fake?.power ?? "off",
    bootDevice: "none",
    bootMode: "uefi",
    secureBoot: false,
    sessions: [],
    sessionsMade: 0,
    acts: 0,
  };
}

/** Reads a stored machine; a new one where the text is none that this version reads. */
export function parseFakeMachine(text: string | null, node: FleetNode): FakeMachine {
  if (text === null) return newFakeMachine(node);
  try {
    const parsed = fakeMachineSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : newFakeMachine(node);
  } catch {
    return newFakeMachine(node);
  }
}

/** What a failure named in `spec.fake.failures` does to an act. */
export const FAKE_OUTCOMES = ["refused", "unsent", "lost", "ignored"] as const;
export type FakeOutcome = (typeof FAKE_OUTCOMES)[number];

/** One entry of `spec.fake.failures`, taken apart: `observe`, `observe:power`, `power.on`, `power.on:lost`. */
export interface FakeFailure {
  readonly on: string;
  readonly how: string;
}

/** Reads an entry; an act without a word is `refused`. */
export function parseFakeFailure(text: string): FakeFailure {
  const [on = "", how] = text.split(":");
  return { on, how: how ?? (on === "observe" ? "all" : "refused") };
}
