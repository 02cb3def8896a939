interface Refusal {
  readonly etag: string;
  readonly level: number;
}

/**
 * Chooses the `If-Match` of a PATCH. Some BMCs refuse their own ETag as it was given (412 although nothing
 * moved): where the same ETag is read again after a 412, the next act sends it without `W/`, the one
 * after that none. Nothing is repeated within one act.
 */
export class EtagForms {
  readonly #last = new Map<string, string>();
  readonly #refused = new Map<string, Refusal>();

  /** The header for a resource that was just read; undefined: send none. */
  form(path: string, etag: string | undefined): string | undefined {
    if (etag === undefined) return undefined;
    this.#last.set(path, etag);
    const refused = this.#refused.get(path);
    const level = refused?.etag === etag ? refused.level : 0;
    return formsOf(etag)[level];
  }

  /** Says that the form chosen last for this path was answered by 412. */
  refused(path: string): void {
    const etag = this.#last.get(path);
    if (etag === undefined) return;
    const before = this.#refused.get(path);
    const level = before?.etag === etag ? before.level + 1 : 1;
    this.#refused.set(path, { etag, level });
  }
}

/** As given, then strong where it was weak; past the end: none. */
function formsOf(etag: string): readonly string[] {
  return etag.startsWith("W/") ? [etag, etag.slice(2)] : [etag];
}
