import { isKnownKeyType, keyTypeOf, printable } from "./ssh-key.ts";
import { NotSshWire } from "./ssh-wire.ts";
import { fitsPatternList } from "./pattern-list.ts";

/** One line of an allowed signers file: ssh-keygen(1), ALLOWED SIGNERS. */
export interface AllowedSigner {
  readonly line: number;
  /** Patterns of the addresses that may sign by it. */
  readonly principals: string;
  /** As it is on the wire. */
  readonly key: Uint8Array;
  /** A key that signs certificates: no commit is signed by it. */
  readonly isAuthority: boolean;
  readonly namespaces: string | null;
  /** Milliseconds since the epoch; null where there is no such end. */
  readonly validAfter: number | null;
  readonly validBefore: number | null;
}

export interface AllowedSigners {
  readonly signers: readonly AllowedSigner[];
  /** Lines that can't be read, and why; nobody signs by them. */
  readonly wrong: readonly { readonly line: number; readonly why: string }[];
}

/** Reads the file's text. */
export function parseAllowedSigners(text: string): AllowedSigners {
  const signers: AllowedSigner[] = [];
  const wrong: { line: number; why: string }[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const parsed = parseLine(line);
    if (typeof parsed === "string") wrong.push({ line: index + 1, why: parsed });
    else signers.push({ ...parsed, line: index + 1 });
  }
  return { signers, wrong };
}

/** Why a key may not sign as this address at this time. */
export type NotAllowed =
  | { readonly why: "unknown" }
  | { readonly why: "namespace" | "principal" | "early" | "late"; readonly by: AllowedSigner };

/** The line that lets a key sign a commit; `at`: milliseconds since the epoch. */
export function allowedBy(
  { signers }: AllowedSigners,
  key: Uint8Array,
  { email, at }: { readonly email: string; readonly at: number },
): AllowedSigner | NotAllowed {
  const own = signers.filter((one) => !one.isAuthority && Buffer.compare(one.key, key) === 0);
  const judged = own.map((by) => ({ by, why: whyNot(by, email, at) }));
  const good = judged.find(({ why }) => why === null);
  if (good !== undefined) return good.by;
  // Of several lines the one that came closest says most.
  for (const why of ["late", "early", "principal", "namespace"] as const) {
    const found = judged.find((one) => one.why === why);
    if (found !== undefined) return { why, by: found.by };
  }
  return { why: "unknown" };
}

function whyNot(
  { principals, namespaces, validAfter, validBefore }: AllowedSigner,
  email: string,
  at: number,
): Exclude<NotAllowed["why"], "unknown"> | null {
  if (namespaces !== null && !fitsPatternList("git", namespaces)) return "namespace";
  if (!fitsPatternList(email, principals)) return "principal";
  if (validAfter !== null && at < validAfter) return "early";
  if (validBefore !== null && at > validBefore) return "late";
  return null;
}

function parseLine(line: string): Omit<AllowedSigner, "line"> | string {
  const [principals, afterPrincipals] = takeWord(line);
  const plain = takeKey(afterPrincipals);
  const [options, afterOptions] = plain === null ? takeOptions(afterPrincipals) : ["", ""];
  const key = plain ?? takeKey(afterOptions);
  if (key === null)
    return "no public key stands there; a line is: PRINCIPALS [OPTIONS] TYPE KEY [COMMENT]";
  if (typeof key === "string") return key;
  const read = readOptions(options);
  return typeof read === "string" ? read : { ...read, principals, key };
}

/** A word, in quotes where it holds spaces. */
function takeWord(text: string): readonly [string, string] {
  const found = /^(?:"([^"]*)"|(\S+))\s*/.exec(text);
  return found === null ? ["", text] : [found[1] ?? found[2] ?? "", text.slice(found[0].length)];
}

/** Options end at the first space that is not in quotes. */
function takeOptions(text: string): readonly [string, string] {
  const [options = ""] = /^(?:"(?:\\"|(?!\\")[^"])*"|[^\s"])*/.exec(text) ?? [];
  return [options, text.slice(options.length).trimStart()];
}

/** The key that stands at the front; null where none does, and why not where it is a broken one. */
function takeKey(text: string): Uint8Array | string | null {
  const [type = "", base64 = ""] = text.split(/\s+/, 2);
  if (!/^(?:ssh|ecdsa|sk)-[a-z0-9-]+(?:@openssh\.com)?$/.test(type)) return null;
  if (!isKnownKeyType(type)) return `keys of the type ${printable(type)} are not read here`;
  const key = Buffer.from(base64, "base64");
  return saysType(key, type) ? key : `the ${type} key is cut off or damaged`;
}

function saysType(key: Uint8Array, type: string): boolean {
  try {
    return keyTypeOf(key) === type;
  } catch (error) {
    if (error instanceof NotSshWire) return false;
    throw error;
  }
}

type Options = Pick<AllowedSigner, "isAuthority" | "namespaces" | "validAfter" | "validBefore">;

function readOptions(text: string): Options | string {
  const said = saidOptions(text);
  if (typeof said === "string") return said;
  const validAfter = timeOf(said.get("valid-after"));
  const validBefore = timeOf(said.get("valid-before"));
  if (validAfter === "wrong" || validBefore === "wrong")
    return "a time can't be read; write YYYYMMDD or YYYYMMDDHHMM[SS], with Z for UTC";
  return {
    isAuthority: said.has("cert-authority"),
    namespaces: said.get("namespaces") ?? null,
    validAfter,
    validBefore,
  };
}

/** Options and whether they have a value. */
const OPTIONS: Readonly<Record<string, boolean>> = {
  "cert-authority": false,
  namespaces: true,
  "valid-after": true,
  "valid-before": true,
};

/** One of them at a time: what is skipped over would be a restriction that nobody keeps. */
function saidOptions(text: string): ReadonlyMap<string, string> | string {
  const said = new Map<string, string>();
  const option = /([^\s=,"]+)(?:=(?:"((?:\\"|(?!\\")[^"])*)"|([^\s,"]+)))?(?:,(?=.)|$)/y;
  while (option.lastIndex < text.length) {
    const at = option.lastIndex;
    const found = option.exec(text);
    if (found === null) return `the options cannot be read from ${printable(text.slice(at))} on`;
    const name = (found[1] ?? "").toLowerCase();
    const value = found[2] ?? found[3];
    const takesValue = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    if (takesValue === undefined)
      return `${printable(name)} is none of the options ${Object.keys(OPTIONS).join(", ")}`;
    if (takesValue !== (value !== undefined)) return `${name} has ${takesValue ? "no" : "a"} value`;
    if (said.has(name)) return `${name} stands there twice`;
    said.set(name, value ?? "");
  }
  return said;
}

const TIME = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z?)$/;

/** Without a Z it is this host's time, as ssh-keygen reads it. */
function timeOf(text: string | undefined): number | null | "wrong" {
  if (text === undefined) return null;
  const [, year, month, day, hour = "00", minute = "00", second = "00", zone] =
    TIME.exec(text) ?? [];
  const said = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const utc = new Date(said);
  // The thirtieth of February is read as a day of March.
  if (Number.isNaN(utc.getTime()) || utc.toISOString() !== said) return "wrong";
  return zone === "Z" ? utc.getTime() : new Date(said.slice(0, -1)).getTime();
}
