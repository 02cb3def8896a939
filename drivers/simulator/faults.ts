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
  "ipmi-lose-request": {
    argument: "a number; for ever without",
    does: "loses so many packets before it looks at them",
  },
  "ipmi-lose-answer": {
    argument: "a number; for ever without",
    does: "does what it is asked and loses so many answers",
  },
  "ipmi-double": { argument: "a number; for ever without", does: "sends so many answers twice" },
  "ipmi-late": {
    argument: "a number; for ever without",
    does: "keeps so many answers back, each until the next one was sent",
  },
  "ipmi-garbage": {
    argument: "a number; for ever without",
    does: "sends so many answers as bytes without sense",
  },
  "ipmi-busy": {
    argument: "a number, a code such as /d2, or both; for ever and C0h without",
    does: "refuses so many requests with a completion code",
  },
  "ipmi-refuse": {
    argument: "a number, a code such as /d2, or both; for ever and D5h without",
    does: "refuses so many acts with a completion code, and answers what only reads",
  },
  "ipmi-bad-sequence": {
    argument: "a number; for ever without",
    does: "numbers so many packets of a session far outside the window",
  },
  "ipmi-other-request": {
    argument: "a number; for ever without",
    does: "answers so many requests with the number of another one",
  },
  "ipmi-other-session": {
    argument: "a number; for ever without",
    does: "sends so many answers to another session than the one that asked",
  },
  "ipmi-nak": {
    argument: "a number, a code such as /81, or both; for ever and 83h without",
    does: "in a chassis takes so many requests not from the bus: Send Message is answered by a completion code",
  },
  "ipmi-suites": {
    argument: "numbers, such as 3 or 3,17; or none",
    does: "speaks only these cipher suites; with none, only IPMI 1.5",
  },
  "ipmi-guid": {
    argument: "blank, rfc4122 or ipmi",
    does: "says its GUID as zeros, or in another order of bytes than SMBIOS has",
  },
  "ipmi-sol-code": {
    argument: "a code, such as 81",
    does: "refuses to give out its console with a completion code",
  },
  "ipmi-sol-partial": {
    argument: "a number; for ever without",
    does: "takes the first half of what so many packets type at its console",
  },
  "ipmi-sol-refuse": {
    argument: "a number; for ever without",
    does: "takes nothing of what so many packets type at its console",
  },
  "ipmi-sol-overrun": {
    argument: "a number; for ever without",
    does: "says so many times that its console has lost letters",
  },
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
  /** How often, for those that take a number of times; null for ever. */
  readonly times: number | null;
  /** The other machine of a swap. */
  readonly other: string | null;
}

const TIMED = new Set<FaultKind>(["busy", "stale", "slow", "task"]);
const COUNT = { pattern: /^([1-9]\d*)?$/, says: "takes a number" };
const COUNT_AND_CODE = {
  pattern: /^([1-9]\d*)?(\/[0-9a-f]{2})?$/,
  says: "takes a number, and a completion code behind it, as in 2/d2",
};
/** What an argument must look like, where it is no time; an empty one stands for none. */
const ARGUMENTS: Partial<Record<FaultKind, { readonly pattern: RegExp; readonly says: string }>> = {
  "session-limit": { pattern: /^\d+$/, says: "needs a number" },
  "ipmi-lose-request": COUNT,
  "ipmi-lose-answer": COUNT,
  "ipmi-double": COUNT,
  "ipmi-late": COUNT,
  "ipmi-garbage": COUNT,
  "ipmi-busy": COUNT_AND_CODE,
  "ipmi-nak": COUNT_AND_CODE,
  "ipmi-refuse": COUNT_AND_CODE,
  "ipmi-bad-sequence": COUNT,
  "ipmi-other-request": COUNT,
  "ipmi-other-session": COUNT,
  "ipmi-sol-code": { pattern: /^[0-9a-f]{2}$/, says: "needs a code of two hexadecimal digits" },
  "ipmi-sol-partial": COUNT,
  "ipmi-sol-refuse": COUNT,
  "ipmi-sol-overrun": COUNT,
  "ipmi-suites": { pattern: /^(none|\d+(,\d+)*)$/, says: "needs numbers of suites, or none" },
  "ipmi-guid": { pattern: /^(blank|rfc4122|ipmi)$/, says: "needs blank, rfc4122 or ipmi" },
};

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
  return ok({ machine: a, kind: "swap", argument: null, ms: null, times: null, other: b });
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
  const rule = ARGUMENTS[kind];
  if (rule?.pattern.test(argument ?? "") === false) return wrong(text, `${kind} ${rule.says}`);
  return ok({ machine, kind, argument, ms, times: timesIn(kind, argument), other: null });
}

function timesIn(kind: FaultKind, argument: string | null): number | null {
  const number = /^\d+/.exec(argument ?? "")?.[0];
  const rule = ARGUMENTS[kind];
  const counted = rule === COUNT || rule === COUNT_AND_CODE;
  return counted && number !== undefined ? Number(number) : null;
}

/** True of a lie that only the IPMI face tells. */
export function isOfIpmi(kind: FaultKind): boolean {
  return kind.startsWith("ipmi-");
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
