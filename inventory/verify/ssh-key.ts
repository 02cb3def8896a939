import { createHash, createPublicKey, type JsonWebKey, verify } from "node:crypto";
import { NotSshWire, SshWire } from "./ssh-wire.ts";

/** Reads the key's own fields, and answers what checks a signature by it. */
type KeyReader = (wire: SshWire) => CheckSignature;
/** `algorithm` and `wire` are of the signature: what follows its algorithm's name. */
type CheckSignature = (algorithm: string, wire: SshWire, data: Uint8Array) => boolean;

/** Fewer are broken, or soon will be (NIST SP 800-131A). */
const RSA_BITS_MIN = 2048;

/** RFC 8332; `ssh-rsa` would be SHA-1. */
const RSA_HASHES: Readonly<Record<string, string>> = {
  "rsa-sha2-256": "sha256",
  "rsa-sha2-512": "sha512",
};

/** RFC 5656; bytes of a coordinate. */
const CURVES = {
  nistp256: { crv: "P-256", bytes: 32, hash: "sha256" },
  nistp384: { crv: "P-384", bytes: 48, hash: "sha384" },
  nistp521: { crv: "P-521", bytes: 66, hash: "sha512" },
} as const;

/** The names are in the key's first field; those that begin with `sk-` are of a security key (PROTOCOL.u2f). */
const KEYS: Readonly<Record<string, KeyReader>> = {
  "ssh-ed25519": ed25519,
  "ecdsa-sha2-nistp256": (wire) => ecdsa(wire, "nistp256"),
  "ecdsa-sha2-nistp384": (wire) => ecdsa(wire, "nistp384"),
  "ecdsa-sha2-nistp521": (wire) => ecdsa(wire, "nistp521"),
  "ssh-rsa": rsa,
  "sk-ssh-ed25519@openssh.com": (wire) => onSecurityKey(ed25519(wire), wire),
  "sk-ecdsa-sha2-nistp256@openssh.com": (wire) => onSecurityKey(ecdsa(wire, "nistp256"), wire),
};

/** Algorithms of signatures by each type of key: by themselves that of the key's name. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  "ssh-rsa": Object.keys(RSA_HASHES),
};

/** True for a type of key whose signatures can be checked. */
export function isKnownKeyType(type: string): boolean {
  return Object.hasOwn(KEYS, type);
}

/** The type that a public key says it is of. */
export function keyTypeOf(key: Uint8Array): string {
  return new SshWire(key).text();
}

/** As `ssh-keygen -l` prints it. */
export function fingerprintOf(key: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replaceAll("=", "")}`;
}

/** Holds a signature (its algorithm and what that needs) against data. Throws NotSshWire for what can't be read. */
export function checkSignature(key: Uint8Array, signature: Uint8Array, data: Uint8Array): boolean {
  const keyWire = new SshWire(key);
  const type = keyWire.text();
  const read = KEYS[type];
  if (read === undefined || !isKnownKeyType(type)) throw new NotSshWire(notKnown(type));
  const check = read(keyWire);
  keyWire.end();
  const wire = new SshWire(signature);
  const algorithm = wire.text();
  const allowed = ALGORITHMS[type] ?? [type];
  if (!allowed.includes(algorithm))
    throw new NotSshWire(`its algorithm is ${printable(algorithm)}, not ${allowed.join(" or ")}`);
  const isGood = check(algorithm, wire, data);
  wire.end();
  return isGood;
}

function notKnown(type: string): string {
  if (type.endsWith("-cert-v01@openssh.com"))
    return "it was made with an SSH certificate, which is not read here; sign with a key that is itself allowed";
  return `keys of the type ${printable(type)} are not read here; sign with ed25519, ECDSA or RSA`;
}

/** Names come from whoever pushed: nothing of them may move a terminal's cursor. */
export function printable(name: string): string {
  return JSON.stringify(name.replaceAll(/[^ -~]/g, "?").slice(0, 80));
}

function ed25519(wire: SshWire): CheckSignature {
  const key = imported({ kty: "OKP", crv: "Ed25519", x: base64url(wire.string()) });
  return (_algorithm, signature, data) => verify(null, data, key, signature.string());
}

function ecdsa(wire: SshWire, name: keyof typeof CURVES): CheckSignature {
  const { crv, bytes, hash } = CURVES[name];
  if (wire.text() !== name) throw new NotSshWire("its key is on another curve than it says");
  const point = wire.string();
  if (point[0] !== 4 || point.length !== 1 + 2 * bytes)
    throw new NotSshWire("its key is no point of the curve");
  const [x, y] = [point.subarray(1, 1 + bytes), point.subarray(1 + bytes)];
  const key = imported({ kty: "EC", crv, x: base64url(x), y: base64url(y) });
  return (_algorithm, signature, data) => {
    const pair = new SshWire(signature.string());
    const both = [padded(pair.mpint(), bytes), padded(pair.mpint(), bytes)];
    pair.end();
    return verify(hash, data, { key, dsaEncoding: "ieee-p1363" }, Buffer.concat(both));
  };
}

function rsa(wire: SshWire): CheckSignature {
  const [e, n] = [wire.mpint(), wire.mpint()];
  if (n.length * 8 < RSA_BITS_MIN)
    throw new NotSshWire(`its RSA key has fewer than ${RSA_BITS_MIN} bits`);
  const key = imported({ kty: "RSA", e: base64url(e), n: base64url(n) });
  return (algorithm, signature, data) =>
    verify(RSA_HASHES[algorithm], data, key, padded(signature.string(), n.length));
}

/** What a security key signs: who asked, how it was touched, how often it has signed, and the hash of the data. */
function onSecurityKey(check: CheckSignature, wire: SshWire): CheckSignature {
  const application = sha256(wire.string());
  return (algorithm, signature, data) => {
    const inner = signature.string();
    const flagsAndCounter = signature.take(5);
    const signed = Buffer.concat([application, flagsAndCounter, sha256(data)]);
    const outer = Buffer.alloc(4);
    outer.writeUInt32BE(inner.length);
    return check(algorithm, new SshWire(Buffer.concat([outer, inner])), signed);
  };
}

function imported(jwk: JsonWebKey): ReturnType<typeof createPublicKey> {
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch {
    throw new NotSshWire("its key is none of its type");
  }
}

function padded(number: Buffer, bytes: number): Buffer {
  if (number.length > bytes) throw new NotSshWire("a number is too large");
  return Buffer.concat([Buffer.alloc(bytes - number.length), number]);
}

function sha256(data: Uint8Array): Buffer {
  return createHash("sha256").update(data).digest();
}

function base64url(bytes: Buffer): string {
  return bytes.toString("base64url");
}
