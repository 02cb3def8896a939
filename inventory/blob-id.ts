import { hash } from "node:crypto";

/** Git's id of a blob of that content. */
export function blobId(bytes: Uint8Array): string {
  return hash("sha1", Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes]), "hex");
}
