import type { Sender } from "../driver.ts";

/** Letters that encodeURIComponent leaves and that are none of RFC 9110's token. */
const NO_TOKEN = /[()]/g;

/**
 * The User-Agent of a mutating request: `ironwright instance/hall-a incarnation/5f0c fence/1.12` (RFC 9110 10.1.5), the
 * fence being epoch and number. In this header because every BMC and every proxy takes it, and their logs keep it.
 */
export function userAgentOf({ engine, incarnation, epoch, fence }: Sender): string {
  const parts = { instance: engine, incarnation, fence: `${epoch}.${fence}` };
  const words = Object.entries(parts).map(([name, value]) => `${name}/${token(value)}`);
  return ["ironwright", ...words].join(" ");
}

/** Who sent a request by its User-Agent, names as they stand there; null where it names no lease. */
export function senderIn(userAgent: string): Sender | null {
  const [, engine = "", incarnation = "", epoch, fence] =
    /^ironwright instance\/(\S+) incarnation\/(\S+) fence\/(\d+)\.(\d+)$/.exec(userAgent) ?? [];
  if (fence === undefined) return null;
  return { engine, incarnation, epoch: Number(epoch), fence: Number(fence) };
}

function token(text: string): string {
  return encodeURIComponent(text).replaceAll(
    NO_TOKEN,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
