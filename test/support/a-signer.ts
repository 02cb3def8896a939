import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import fs from "node:fs";
import * as git from "isomorphic-git";
import { sshString } from "../../inventory/verify/ssh-wire.ts";

/** An SSH key of a test, and what it signs. */
export interface SshSigner {
  /** `ssh-ed25519 AAAA...`, as in a `.pub` file. */
  readonly publicKey: string;
  readonly blob: Buffer;
  /** A signature as `git commit -S` puts it into the commit. */
  sign(payload: Uint8Array, how?: HowSigned): string;
}

export interface HowSigned {
  readonly namespace?: string;
  readonly hash?: "sha256" | "sha512" | "sha1";
  /** Of the signature, instead of the key's own. */
  readonly algorithm?: string;
}

export const SSH_TYPES = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
] as const;
export type SshType = (typeof SSH_TYPES)[number];

export function anSshSigner(type: SshType = "ssh-ed25519", rsaBits = 2048): SshSigner {
  const { publicKey, privateKey } = keyPair(type, rsaBits);
  const fields = [type, ...fieldsOf(type, publicKey), ...(type.startsWith("sk-") ? ["ssh:"] : [])];
  const blob = Buffer.concat(fields.map((field) => sshString(field)));
  return {
    blob,
    publicKey: `${type} ${blob.toString("base64")}`,
    sign(payload, { namespace = "git", hash = "sha512", algorithm } = {}) {
      const digest = createHash(hash).update(payload).digest();
      const parts = [namespace, "", hash, digest].map((part) => sshString(part));
      const data = Buffer.concat([Buffer.from("SSHSIG"), ...parts]);
      const signature = signatureOf(type, privateKey, data, algorithm);
      return armored([
        Buffer.from("SSHSIG\0\0\0\x01", "latin1"),
        ...[blob, namespace, "", hash, signature].map((part) => sshString(part)),
      ]);
    },
  };
}

export function armored(parts: readonly Uint8Array[]): string {
  const lines =
    Buffer.concat(parts)
      .toString("base64")
      .match(/.{1,70}/g) ?? [];
  return `-----BEGIN SSH SIGNATURE-----\n${lines.join("\n")}\n-----END SSH SIGNATURE-----`;
}

function keyPair(
  type: SshType,
  modulusLength: number,
): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  if (type === "ssh-rsa") return generateKeyPairSync("rsa", { modulusLength });
  if (type.includes("ed25519")) return generateKeyPairSync("ed25519");
  const namedCurve = `P-${/nistp(\d+)/.exec(type)?.[1] ?? ""}`;
  return generateKeyPairSync("ec", { namedCurve });
}

function fieldsOf(type: SshType, key: KeyObject): readonly (string | Buffer)[] {
  const jwk = key.export({ format: "jwk" });
  const [x, y, n, e] = [jwk.x, jwk.y, jwk.n, jwk.e].map((text) =>
    Buffer.from(text ?? "", "base64url"),
  );
  if (x === undefined || y === undefined || n === undefined || e === undefined) throw new Error();
  if (type === "ssh-rsa") return [mpint(e), mpint(n)];
  if (type.includes("ed25519")) return [x];
  return [/nistp\d+/.exec(type)?.[0] ?? "", Buffer.concat([Buffer.from([4]), x, y])];
}

function mpint(bytes: Buffer): Buffer {
  const begin = bytes.findIndex((byte) => byte !== 0);
  const number = bytes.subarray(begin);
  return (number[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), number]) : number;
}

function signatureOf(type: SshType, key: KeyObject, data: Buffer, algorithm?: string): Buffer {
  const isSk = type.startsWith("sk-");
  const touched = Buffer.from([1, 0, 0, 0, 7]);
  const sha = (bytes: Uint8Array | string): Buffer => createHash("sha256").update(bytes).digest();
  const signed = isSk ? Buffer.concat([sha("ssh:"), touched, sha(data)]) : data;
  const name = algorithm ?? (type === "ssh-rsa" ? "rsa-sha2-512" : type);
  const raw = [sshString(name), sshString(rawSignature(type, key, signed, name))];
  return Buffer.concat(isSk ? [...raw, touched] : raw);
}

function rawSignature(type: SshType, key: KeyObject, data: Buffer, algorithm: string): Buffer {
  if (type.includes("ed25519")) return sign(null, data, key);
  if (type === "ssh-rsa")
    return sign(
      { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" }[algorithm] ?? "sha1",
      data,
      key,
    );
  const bits = Number(/nistp(\d+)/.exec(type)?.[1]);
  const hash = { 256: "sha256", 384: "sha384", 521: "sha512" }[bits] ?? "";
  const both = sign(hash, data, { key, dsaEncoding: "ieee-p1363" });
  const half = both.length / 2;
  const numbers = [both.subarray(0, half), both.subarray(half)];
  return Buffer.concat(numbers.map((number) => sshString(mpint(number))));
}

/** A commit's bytes with a signature in them, after the headers, as git puts it. */
export function withSignature(payload: string, signature: string): Buffer {
  const end = payload.indexOf("\n\n") + 1;
  const header = `gpgsig ${signature.replaceAll("\n", "\n ")}\n`;
  return Buffer.from(payload.slice(0, end) + header + payload.slice(end));
}

/** Signs the head commit of a repository anew, and answers its new id. */
export async function signHead(
  dir: string,
  signature: (payload: Buffer) => string | Promise<string>,
): Promise<string> {
  const { object } = await git.readObject({
    fs,
    dir,
    oid: await git.resolveRef({ fs, dir, ref: "HEAD" }),
    format: "content",
  });
  if (!(object instanceof Uint8Array)) throw new Error("no bytes");
  const payload = Buffer.from(object);
  const signed = withSignature(payload.toString(), await signature(payload));
  const oid = await git.writeObject({ fs, dir, type: "commit", object: signed });
  await git.writeRef({ fs, dir, ref: "refs/heads/main", value: oid, force: true });
  return oid;
}

/** Any 70 bytes. */
export function junkSignature(): string {
  return armored([randomBytes(70)]);
}
