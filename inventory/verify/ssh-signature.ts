import { createHash } from "node:crypto";
import { checkSignature, printable } from "./ssh-key.ts";
import { NotSshWire, sshString, SshWire } from "./ssh-wire.ts";

/** The key that made a good signature, as it is on the wire; or why it is none. */
export type SshVerdict =
  | { readonly ok: true; readonly key: Uint8Array }
  | { readonly ok: false; readonly why: string };

/** OpenSSH PROTOCOL.sshsig. */
const MAGIC = "SSHSIG";
const VERSION = 1;
/** What git signs for. */
const NAMESPACE = "git";
const HASHES = new Set(["sha256", "sha512"]);
const ARMOR =
  /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/\n]+={0,2})\n-----END SSH SIGNATURE-----\n*$/;

/** Holds an armored signature against what it should cover. Whose key it is, is not asked. */
export function checkSshSignature(armor: string, payload: Uint8Array): SshVerdict {
  const body = ARMOR.exec(armor)?.[1];
  if (body === undefined) return { ok: false, why: "it is no SSH signature" };
  try {
    return check(Buffer.from(body, "base64"), payload);
  } catch (error) {
    if (error instanceof NotSshWire) return { ok: false, why: error.message };
    throw error;
  }
}

function check(blob: Uint8Array, payload: Uint8Array): SshVerdict {
  const wire = new SshWire(blob);
  if (wire.take(MAGIC.length).toString("latin1") !== MAGIC || wire.uint32() !== VERSION)
    throw new NotSshWire("it is no SSH signature of version 1");
  const key = wire.string();
  const namespace = wire.text();
  const reserved = wire.string();
  const hash = wire.text();
  const signature = wire.string();
  wire.end();
  if (namespace !== NAMESPACE)
    throw new NotSshWire(`it was made for ${printable(namespace)}, not for ${NAMESPACE}`);
  if (!HASHES.has(hash)) throw new NotSshWire(`its hash ${printable(hash)} is not allowed`);
  const digest = createHash(hash).update(payload).digest();
  const signed = [namespace, reserved, hash, digest].map((part) => sshString(part));
  return checkSignature(key, signature, Buffer.concat([Buffer.from(MAGIC), ...signed]))
    ? { ok: true, key }
    : { ok: false, why: "it does not fit what the commit holds" };
}
