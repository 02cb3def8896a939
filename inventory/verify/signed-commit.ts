/** Who put the commit there, by its own word. */
export interface Committer {
  readonly name: string;
  readonly email: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A commit object taken apart: what is signed, and by what. */
export interface SignedCommit {
  /** Byte for byte what a signature of it covers. */
  readonly payload: Uint8Array;
  /** As armored text; null where it has none. */
  readonly signature: string | null;
  readonly committer: Committer;
}

/** Larger ones are no signatures: an RSA key of 16384 bits makes one of 4 KiB. Characters. */
const SIGNATURE_MAX = 64 * 1024;

/**
 * Takes a raw commit apart, or says why it can't. Every header that begins with `gpgsig` is no part of what is signed, as git
 * has it (commit.c, parse_buffer_signed_by_header). One that stood among the parents would change which of them are read
 * without breaking the signature, so it must come after the committer, where git writes it.
 */
export function signedCommit(raw: Uint8Array): SignedCommit | string {
  // Latin-1 keeps each byte a character, whatever the encoding of the message.
  const text = Buffer.from(raw).toString("latin1");
  const end = text.indexOf("\n\n");
  const head = end === -1 ? text : text.slice(0, end + 1);
  const headers = headersOf(head);
  const committer = headers.map(committerOf).find((found) => found !== null) ?? null;
  if (committer === null) return "its committer cannot be read";
  const first = headers.findIndex(isSignature);
  const before = first === -1 ? headers : headers.slice(0, first);
  if (!before.some((header) => header.startsWith("committer ")))
    return "its signature stands above its committer, where git writes none";
  const signatures = headers.filter((header) => header.startsWith("gpgsig "));
  if (signatures.length > 1) return "it has more than one signature";
  const signature = signatures[0]?.slice("gpgsig ".length).replaceAll("\n ", "\n") ?? null;
  if (signature !== null && signature.length > SIGNATURE_MAX)
    return `its signature is larger than ${SIGNATURE_MAX / 1024} KiB`;
  const unsigned = headers.filter((header) => !isSignature(header)).join("");
  const payload = Buffer.from(unsigned + text.slice(head.length), "latin1");
  return { payload, signature, committer };
}

function isSignature(header: string): boolean {
  return header.startsWith("gpgsig");
}

/** Each header with the lines that continue it. */
function headersOf(head: string): readonly string[] {
  const headers: string[] = [];
  let lines: string[] = [];
  for (const line of head.split(/(?<=\n)/)) {
    if (!line.startsWith(" ") && lines.length > 0) {
      headers.push(lines.join(""));
      lines = [];
    }
    lines.push(line);
  }
  return [...headers, lines.join("")];
}

function committerOf(header: string): Committer | null {
  const found = /^committer ([^<>\n]*)<([^<>\n]*)> (\d{1,12}) [+-]\d{4}\n?$/.exec(header);
  if (found === null) return null;
  const [, name = "", email = "", seconds = ""] = found;
  return { name: utf8(name).trim(), email: utf8(email), at: Number(seconds) * 1000 };
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}
