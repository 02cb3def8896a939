import { fail, failure, ok, type Result } from "../../schemas/failure.ts";

/** Every lie and weakness that a simulated BMC can be given, with what it does. Help and BEHAVIOUR.md print this table. */
export const FAULTS = {
  "no-effect": {
    argument: "Reset, Boot, SecureBoot, Indicator, Subscription or nothing for all",
    does: "answers 204 and does nothing",
  },
  hang: {
    argument: "GET, POST, PATCH or nothing for all",
    does: "takes the request and never answers",
  },
  busy: { argument: "a time, such as 30s; for ever without", does: "answers 503 with Retry-After" },
  drop: { argument: "", does: "ends the connection before it does anything" },
  "drop-after": {
    argument: "",
    does: "does what it is asked and ends the connection without an answer",
  },
  "half-apply": { argument: "", does: "of several properties in one PATCH takes the first" },
  stale: {
    argument: "a time, such as 10s",
    does: "shows the values of before an act for that long",
  },
  swap: {
    argument: "",
    does: "swap=a,b: two machines answer with each other's identity and hardware",
  },
  truncated: { argument: "", does: "cuts the answer off in the middle" },
  huge: { argument: "", does: "answers 16 MB" },
  garbage: { argument: "", does: "answers a web page" },
  "ignore-graceful": { argument: "", does: "its system ignores a graceful stop" },
  slow: { argument: "a time, such as 2s", does: "answers after that time" },
  "session-limit": { argument: "a number", does: "refuses a login when so many sessions are open" },
  "expire-sessions": { argument: "", does: "ends all sessions at once, this moment" },
  "etag-required": { argument: "", does: "refuses a PATCH without If-Match (428)" },
  "no-disks": { argument: "", does: "lists no disks, whatever the machine has" },
  task: {
    argument: "a time, such as 30s; for ever without",
    does: "a stranger's task runs on its BMC for that long, and has ended then",
  },
  "wrong-password": { argument: "", does: "refuses every login" },
} as const;
export type FaultKind = keyof typeof FAULTS;

/** One fault of one machine (or, for sessions, of its BMC). */
export interface Fault {
  readonly machine: string;
  readonly kind: FaultKind;
  /** Word or number as written; null without. */
  readonly argument: string | null;
  /** How long, milliseconds, for those that take a time. */
  readonly ms: number | null;
  /** The other machine of a swap. */
  readonly other: string | null;
}

const TIMED = new Set<FaultKind>(["busy", "stale", "slow", "task"]);

/** Reads `name=fault:argument` or `swap=a,b`; the error says what is allowed. */
export function parseFault(text: string): Result<Fault> {
  const equal = text.indexOf("=");
  if (equal < 1) return wrong(text, "there is no =");
  const [name, rest] = [text.slice(0, equal), text.slice(equal + 1)];
  return name === "swap" ? parseSwap(text, rest) : parseOne(text, name, rest);
}

function wrong(text: string, what: string): Result<Fault> {
  const ways = `write NODE=FAULT[:ARGUMENT], one of ${Object.keys(FAULTS).join(", ")}, or swap=A,B`;
  return fail(failure("stalled", "IW-I04", `fault "${text}": ${what}; ${ways}`));
}

function parseSwap(text: string, names: string): Result<Fault> {
  const [a = "", b = "", ...more] = names.split(",");
  const two = a !== "" && b !== "" && a !== b && more.length === 0;
  if (!two) return wrong(text, "a swap names two machines");
  return ok({ machine: a, kind: "swap", argument: null, ms: null, other: b });
}

function parseOne(text: string, machine: string, fault: string): Result<Fault> {
  const colon = fault.indexOf(":");
  const kind = colon === -1 ? fault : fault.slice(0, colon);
  const argument = colon === -1 ? null : fault.slice(colon + 1);
  if (!isKind(kind) || kind === "swap") return wrong(text, `"${kind}" is no fault`);
  const ms = argument === null || !TIMED.has(kind) ? null : parseTime(argument);
  const timeless = TIMED.has(kind) && argument !== null && ms === null;
  if (timeless) return wrong(text, `"${argument}" is no time`);
  if (kind === "slow" && ms === null) return wrong(text, "slow needs a time");
  if (kind === "session-limit" && !/^\d+$/.test(argument ?? ""))
    return wrong(text, "session-limit needs a number");
  return ok({ machine, kind, argument, ms, other: null });
}

function isKind(word: string): word is FaultKind {
  return Object.hasOwn(FAULTS, word);
}

function parseTime(text: string): number | null {
  const match = /^(\d+)(ms|s|m)?$/.exec(text);
  if (match === null) return null;
  const unit = { ms: 1, s: 1000, m: 60_000 }[match[2] ?? "s"] ?? 1000;
  return Number(match[1]) * unit;
}
