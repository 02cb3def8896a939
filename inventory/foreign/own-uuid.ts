import type { Note } from "./foreign-node.ts";

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** A uuid as documents have it; one that is none would make the document invalid, and the engine mints one instead. */
export function ownUuid(
  noun: string,
  uuid: string | undefined,
): { readonly uuid: string | undefined; readonly notes: readonly Note[] } {
  if (uuid === undefined || UUID.test(uuid)) return { uuid: uuid?.toLowerCase(), notes: [] };
  const why = `it is no UUID; the engine gives the ${noun} one of its own`;
  return { uuid: undefined, notes: [{ field: "uuid", why, todo: "nothing" }] };
}
