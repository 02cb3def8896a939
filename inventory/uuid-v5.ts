import { hash } from "node:crypto";

/** A name-based UUID of version 5 (RFC 9562): the same name under the same fleet is the same node for ever. */
export function uuidV5(namespace: string, name: string): string {
  const space = spaceOf(namespace);
  const bytes = hash("sha1", Buffer.concat([space, Buffer.from(name, "utf8")]), "buffer");
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A run has one namespace; its bytes are worked out once. */
let last: { readonly namespace: string; readonly bytes: Uint8Array } | null = null;

function spaceOf(namespace: string): Uint8Array {
  if (last?.namespace !== namespace)
    last = { namespace, bytes: Buffer.from(namespace.replaceAll("-", ""), "hex") };
  return last.bytes;
}
