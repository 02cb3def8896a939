import { oneLine } from "../net/plain-words.ts";
import { isObject, type JsonObject } from "../net/read-json.ts";

/** The object at a key; empty when there is none. */
export function objectAt(from: JsonObject | null | undefined, key: string): JsonObject {
  const value = from?.[key];
  return isObject(value) ? value : {};
}

/** The text at a key, trimmed; undefined when it is no text or blank. */
export function textAt(from: JsonObject | null | undefined, key: string): string | undefined {
  const value = from?.[key];
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** The texts of a list at a key; undefined when it is no list. */
export function textsAt(from: JsonObject, key: string): readonly string[] | undefined {
  const value = from[key];
  return Array.isArray(value)
    ? value.filter((item): item is string => typeof item === "string")
    : undefined;
}

/** The objects of a list at a key. */
export function objectsAt(from: JsonObject, key: string): readonly JsonObject[] {
  const value = from[key];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Longest path of a resource that is followed (DSP0266 gives no limit; servers do at 8 KiB). */
const PATH_MAX = 2048;

/** A path of the BMC out of a link or Location: always a path on its own host, never another host. */
export function pathOf(uri: string | undefined): string | undefined {
  if (uri === undefined || uri.length > PATH_MAX) return undefined;
  const path = /^https?:\/\/[^/]+(\/.*)$/i.exec(uri)?.[1] ?? uri;
  return /^\/[\x21-\x7e]*$/.test(path) && !path.startsWith("//") ? path : undefined;
}

/** The path that a property links to (`{ "@odata.id": ... }`). */
export function linkAt(from: JsonObject | null | undefined, key: string): string | undefined {
  return pathOf(textAt(objectAt(from, key), "@odata.id"));
}

/** The paths that a collection's members link to. */
export function membersOf(collection: JsonObject): readonly string[] {
  return objectsAt(collection, "Members")
    .map((member) => pathOf(textAt(member, "@odata.id")))
    .filter((path) => path !== undefined);
}

/** MessageIds of an error body (DSP0266 error responses), outermost last. */
export function messageIdsOf(body: JsonObject | null): readonly string[] {
  const error = objectAt(body, "error");
  const extended = [
    ...objectsAt(error, "@Message.ExtendedInfo"),
    ...objectsAt(body ?? {}, "@Message.ExtendedInfo"),
  ];
  const ids = extended.map((info) => textAt(info, "MessageId") ?? textAt(info, "MessageID"));
  return [...ids, textAt(error, "code")].filter((id) => id !== undefined);
}

/** A BMC's own words about an error, in one line. */
export function wordsOf(status: number, body: JsonObject | null): string {
  const error = objectAt(body, "error");
  const infos = objectsAt(error, "@Message.ExtendedInfo").map((info) => textAt(info, "Message"));
  const words = infos.find((word) => word !== undefined) ?? textAt(error, "message") ?? "";
  const ids = messageIdsOf(body).slice(0, 1).join("");
  return oneLine(`HTTP ${status}${ids === "" ? "" : ` ${ids}`}${words === "" ? "" : `: ${words}`}`);
}
