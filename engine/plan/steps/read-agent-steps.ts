import { z } from "zod";
import type { AgentStepsReading } from "../../../schemas/observation.ts";
import type { RamdiskTerms } from "../../../schemas/plan.ts";
import type { RamdiskSteps } from "../../../schemas/record.ts";
import { ARGUMENT_TYPES, INTERFACES, type StepOffer } from "../../../schemas/steps.ts";
import { nameOf } from "./step-list.ts";

/** More than all of Ironic's hardware managers name together; what answers more is not read to its end. */
const STEPS_MAX = 200;
/** Sentences about what is not taken; more are counted. */
const IGNORED_MAX = 20;
/** Where a step does not say how long it may take: as Ironic waits for one call-back of its agent. Seconds. */
const STEP_SECONDS = 1800;
/** A spinning disk of 20 TB takes over a day to be overwritten once. Seconds. */
const STEP_SECONDS_MAX = 172_800;
/** Foreign text is shown no longer than this. */
const SHOWN_MAX = 60;

const priority = z.number().int().min(0).max(1000).exactOptional();
const word = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,254}$/, "is no name of letters, digits, _");

const argumentSchema = z.strictObject({
  type: z.enum(ARGUMENT_TYPES),
  description: z.string().max(1000).default(""),
  required: z.boolean().default(false),
  values: z
    .array(z.union([z.string().max(255), z.number(), z.boolean()]))
    .max(100)
    .optional(),
});

/** Strict: a key that nobody knows may be a misspelt `erases`. */
const agentStepSchema = z.strictObject({
  interface: z.enum(INTERFACES),
  step: word,
  priority: z.strictObject({ clean: priority, deploy: priority, service: priority }),
  args: z.record(word, argumentSchema).default({}),
  abortable: z.boolean().default(false),
  reboots: z.boolean().default(false),
  erases: z.enum(["metadata", "full", "root"]).nullable().default(null),
  rerun: z.boolean().default(false),
  timeoutSeconds: z.number().int().min(1).max(STEP_SECONDS_MAX).default(STEP_SECONDS),
});

/**
 * An agent's answer as steps that may be run, with one sentence for each entry that may not. The agent is believed in
 * nothing but what it says of its own: it takes no step over that is known without it, and no name twice.
 */
export function readAgentSteps(
  { bootId, version, steps: answer }: AgentStepsReading,
  terms: RamdiskTerms,
  at: number,
): RamdiskSteps {
  const head = { bootId, version: version === null ? null : shown(version), at };
  if (!Array.isArray(answer))
    return { ...head, steps: [], ignored: [`its answer is no list of steps (${kindOf(answer)})`] };
  const entries: readonly unknown[] = answer.slice(0, STEPS_MAX);
  const judged = entries.map((entry, index) => judge(entry, index, terms));
  const names = judged.flatMap(({ offer }) => (offer === null ? [] : [nameOf(offer)]));
  const isTwice = (name: string): boolean => names.indexOf(name) !== names.lastIndexOf(name);
  const twice = [...new Set(names.filter(isTwice))];
  const ignored = [
    ...judged.flatMap(({ why }) => (why === null ? [] : [why])),
    ...twice.map((name) => `${name}: it is named twice, and nobody knows which is meant`),
    ...(answer.length > STEPS_MAX
      ? [`it names ${answer.length} entries, and ${STEPS_MAX} are read`]
      : []),
  ];
  return {
    ...head,
    steps: judged.flatMap(({ offer }) => (offer === null || isTwice(nameOf(offer)) ? [] : [offer])),
    ignored: bounded(ignored),
  };
}

interface Judged {
  readonly offer: StepOffer | null;
  readonly why: string | null;
}

function judge(entry: unknown, index: number, { interfaces, taken }: RamdiskTerms): Judged {
  const parsed = agentStepSchema.safeParse(entry);
  const refuse = (why: string): Judged => ({ offer: null, why });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
    return refuse(`${callOf(entry, index)}: ${at}${issue?.message ?? "it has no shape"}`);
  }
  const { reboots, erases, ...rest } = parsed.data;
  const name = nameOf(rest);
  if (taken.includes(name)) return refuse(`${name}: it is known without the ramdisk, and stays so`);
  if (!interfaces.includes(rest.interface))
    return refuse(`${name}: the node's ${rest.interface} interface takes no steps of a ramdisk`);
  const needs = Object.keys(rest.args).filter((key) => rest.args[key]?.required === true);
  const runsAlone = Object.values(rest.priority).some((value) => (value ?? 0) > 0);
  if (runsAlone && needs.length > 0)
    return refuse(`${name}: it has a priority, and can't run without ${needs.join(", ")}`);
  // It runs where the machine's own system does not: that was interrupted already.
  const impact = erases === null ? "reboot" : "destructive";
  const how = { requiresRamdisk: true, ramdisk: "named" } as const;
  return {
    offer: { ...rest, ...(reboots ? { reboots } : {}), erases, impact, ...how },
    why: null,
  };
}

/** `deploy.shred` where an entry says so much, else its place in the list. */
function callOf(entry: unknown, index: number): string {
  const named = z.object({ interface: z.enum(INTERFACES), step: word }).safeParse(entry);
  return named.success ? nameOf(named.data) : `entry ${index + 1}`;
}

function bounded(ignored: readonly string[]): string[] {
  const more = ignored.length - IGNORED_MAX;
  return [
    ...ignored.slice(0, IGNORED_MAX).map((text) => printable(text)),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "it is nothing";
  return typeof value === "string" ? `it is the text "${shown(value)}"` : `it is a ${typeof value}`;
}

function shown(text: string): string {
  const plain = printable(text);
  return plain.length <= SHOWN_MAX ? plain : `${plain.slice(0, SHOWN_MAX)}...`;
}

/** No agent draws on a terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "?");
}
