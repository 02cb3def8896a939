import type { Key, Signature, SignaturePacket, Subkey } from "openpgp";

/** What a signature is worth; `who` is the key as a person knows it. */
export type OpenpgpVerdict =
  | { readonly kind: "good"; readonly who: string }
  | { readonly kind: "bad"; readonly why: string }
  | { readonly kind: "unknown"; readonly who: string }
  | { readonly kind: "time"; readonly who: string; readonly why: string };

/** A file of public keys, armored or not. */
export interface KeyFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Keys of files; or which file holds none that can be read, and why. */
export async function readOpenpgpKeys(files: readonly KeyFile[]): Promise<readonly Key[] | string> {
  const keys: Key[] = [];
  for (const file of files) {
    const read = await keysOf(file);
    if (typeof read === "string") return `${file.path}: ${read}`;
    keys.push(...read);
  }
  return keys;
}

async function keysOf({ bytes }: KeyFile): Promise<readonly Key[] | string> {
  const { readKeys } = await import("openpgp");
  const text = Buffer.from(bytes).toString("latin1");
  try {
    const blocks = armoredBlocks(text);
    const read =
      blocks.length === 0
        ? [await readKeys({ binaryKeys: bytes })]
        : await Promise.all(blocks.map((armoredKeys) => readKeys({ armoredKeys })));
    const keys = read.flat();
    if (keys.some((key) => key.isPrivate()))
      return "it holds a private key: whoever reads the repository can sign by it; revoke it, and export the public one: gpg --export --armor";
    return keys.length > 0 ? keys : "it holds no OpenPGP key";
  } catch (error) {
    return `it holds no OpenPGP key that can be read (${messageOf(error)})`;
  }
}

/** Files of several exports, one after the other. */
function armoredBlocks(text: string): readonly string[] {
  const blocks: string[] = [];
  let block: string[] | null = null;
  for (const line of text.split("\n")) {
    if (line.startsWith("-----BEGIN PGP ")) block = [];
    block?.push(line);
    if (!line.startsWith("-----END PGP ") || block === null) continue;
    blocks.push(`${block.join("\n")}\n`);
    block = null;
  }
  return blocks;
}

/**
 * Holds an armored signature against what it should cover. A key must have been good when it signed, by the time in the
 * signature; one that is revoked is never good. `now`: milliseconds since the epoch.
 */
export async function checkOpenpgpSignature(
  armor: string,
  payload: Uint8Array,
  { keys, now }: { readonly keys: readonly Key[]; readonly now: number },
): Promise<OpenpgpVerdict> {
  const read = await readOne(armor);
  if (typeof read === "string") return { kind: "bad", why: read };
  const [signature, packet] = read;
  const owners = keys.filter((key) => key.getKeys(packet.issuerKeyID).length > 0);
  if (owners.length === 0)
    return { kind: "unknown", who: packet.issuerKeyID.toHex().toUpperCase() };
  const verdicts = owners.map((owner) => checkBy(owner, { signature, packet, payload, now }));
  // Of a key that is there twice, the copy that was revoked counts.
  const all = await Promise.all(verdicts);
  return all.find(({ kind }) => kind !== "good") ?? { kind: "good", who: who(owners[0]) };
}

interface Asked {
  readonly signature: Signature;
  readonly packet: SignaturePacket;
  readonly payload: Uint8Array;
  readonly now: number;
}

async function readOne(armor: string): Promise<readonly [Signature, SignaturePacket] | string> {
  const { enums, readSignature } = await import("openpgp");
  try {
    const signature = await readSignature({ armoredSignature: armor });
    const [packet, another] = signature.packets;
    if (packet === undefined || another !== undefined)
      return `it holds ${signature.packets.length} signatures, not one`;
    if (packet.signatureType !== enums.signature.binary) return "it is no signature of a file";
    return [signature, packet];
  } catch (error) {
    return `it cannot be read (${messageOf(error)})`;
  }
}

async function checkBy(owner: Key, asked: Asked): Promise<OpenpgpVerdict> {
  const { createMessage, verify } = await import("openpgp");
  const { signature, payload, now } = asked;
  try {
    const message = await createMessage({ binary: payload });
    const how = { message, signature, verificationKeys: owner, format: "binary" as const };
    const { signatures } = await verify({ ...how, date: new Date(now) });
    for (const { verified } of signatures) await verified;
    if (signatures.length === 1) return { kind: "good", who: who(owner) };
    return { kind: "bad", why: "it is not one signature" };
  } catch (error) {
    return whyBad(owner, asked, messageOf(error));
  }
}

/** The library has refused it; this only finds the words. */
async function whyBad(owner: Key, asked: Asked, otherwise: string): Promise<OpenpgpVerdict> {
  const { packet, now } = asked;
  const [key = owner] = owner.getKeys(packet.issuerKeyID);
  if (!(await isByKey(key, asked)))
    return { kind: "bad", why: "it does not fit what the commit holds" };
  const time = (why: string): OpenpgpVerdict => ({ kind: "time", who: who(owner), why });
  if ((await owner.isRevoked()) || key.revocationSignatures.length > 0) return time("was revoked");
  const made = packet.created?.getTime() ?? 0;
  for (const one of [owner, key]) {
    const end = await one.getExpirationTime();
    if (end instanceof Date && end.getTime() <= made)
      return time(`expired at ${end.toISOString()}, before it signed`);
  }
  if (made > now) return time("signed at a time that is still to come: look at both clocks");
  if (packet.isExpired(new Date(now))) return time("limited its signature to a time that is over");
  return { kind: "bad", why: `its key may not make it (${otherwise})` };
}

async function isByKey(key: Key | Subkey, { packet, payload }: Asked): Promise<boolean> {
  const { createMessage, enums } = await import("openpgp");
  const message = await createMessage({ binary: payload });
  const [data] = message.packets;
  try {
    const made = packet.created ?? undefined;
    await packet.verify(key.keyPacket, enums.signature.binary, data ?? {}, made, true);
    return true;
  } catch {
    return false;
  }
}

/** What `gpg --list-keys` shows of it. */
function who(key: Key | undefined): string {
  const [user = "no user id"] = key?.getUserIDs() ?? [];
  return `${key?.getFingerprint().toUpperCase() ?? ""} (${user})`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
