/** A JSON object as it came; every property is unknown until it was looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for an object that is no array and not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Redfish resources nest about six deep; what nests deeper is no BMC's answer and may be made to exhaust a stack. */
export const JSON_DEPTH_MAX = 32;

/** Reads a JSON object; answers an error code of the fault table when it is none. */
export function readJsonObject(bytes: Buffer): JsonObject | string {
  const text = bytes.toString("utf8");
  if (isTooDeep(text)) return "IW_TOO_DEEP";
  try {
    const value: unknown = JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text);
    return isObject(value) ? value : "IW_NOT_AN_OBJECT";
  } catch {
    return "IW_NOT_JSON";
  }
}

const QUOTE = 34;
const BACKSLASH = 92;

/** Counts brackets outside of strings before anything is parsed. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === 123 || code === 91) {
      depth += 1;
      if (depth > JSON_DEPTH_MAX) return true;
    } else if (code === 125 || code === 93) depth -= 1;
  }
  return false;
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
  return slashes % 2 === 1;
}
