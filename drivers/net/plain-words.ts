import { plainText } from "../../schemas/plain-text.ts";

/** A BMC's own words are quoted this long at most. */
const WORDS_MAX = 300;

/** Text of a stranger made fit for one line: control characters out, cut to a bound. */
export function oneLine(text: string): string {
  const clean = plainText(text).trim();
  return clean.length > WORDS_MAX ? `${clean.slice(0, WORDS_MAX)}...` : clean;
}

/**
 * What vendors write where they have no value: none of these is an identity. The UUID is the one that AMI's
 * firmware leaves on boards whose maker filled none in.
 */
const NO_VALUE =
  /^(0+|[0-]+|[fF-]+|x+|none|null|n\/?a|unknown|default|default string|system serial number|not specified|not available|to be filled by o\.?e\.?m\.?|chassis serial number|empty|invalid|undefined|\.+|[?*]+|0?123456789|1234567890|03000200-0400-0500-0006-000700080009)$/i;

/** A value in one line; undefined for what vendors leave in a field that nobody filled. */
export function realValue(text: string | undefined): string | undefined {
  return text === undefined || NO_VALUE.test(text) ? undefined : oneLine(text);
}
