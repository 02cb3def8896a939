/**
 * Text of a stranger made fit to be shown to a person: control characters, and what turns the direction of writing, become one
 * blank, so that it can neither move a cursor nor begin a line of its own.
 */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]+/gu, " ");
}
