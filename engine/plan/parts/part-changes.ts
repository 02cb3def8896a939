import { sameValue } from "../canonical-json.ts";

/** Parts of one kind, by name. */
export type Parts<P> = Readonly<Record<string, P>>;

/** One part that comes or goes, or one of its fields that changes. */
export interface PartChange {
  readonly name: string;
  /** Null for the whole part. */
  readonly field: string | null;
  readonly declared: unknown;
  /** Null where there is none. */
  readonly recorded: unknown;
}

/** All that the declaration and the record differ in, by name and field. */
export function partChanges<P extends Readonly<Record<string, unknown>>>(
  recorded: Parts<P>,
  declared: Parts<P>,
): readonly PartChange[] {
  const names = [...new Set([...Object.keys(recorded), ...Object.keys(declared)])].sort();
  return names.flatMap((name): readonly PartChange[] => {
    const was = Object.hasOwn(recorded, name) ? recorded[name] : undefined;
    const is = Object.hasOwn(declared, name) ? declared[name] : undefined;
    if (was === undefined || is === undefined)
      return [{ name, field: null, declared: is ?? null, recorded: was ?? null }];
    return Object.entries(is).flatMap(([field, value]) =>
      sameValue(value, was[field])
        ? []
        : [{ name, field, declared: value, recorded: was[field] ?? null }],
    );
  });
}

/** The record with every change laid in that nothing refuses, and why the others are left as they are. */
export function layParts<P extends Readonly<Record<string, unknown>>>(
  recorded: Parts<P>,
  declared: Parts<P>,
  refuse: (change: PartChange) => string | null,
): { readonly parts: Parts<P>; readonly refused: ReadonlyMap<PartChange, string> } {
  const parts = new Map(Object.entries(recorded));
  const refused = new Map<PartChange, string>();
  for (const change of partChanges(recorded, declared)) {
    const why = refuse(change);
    const is = declared[change.name];
    const was = parts.get(change.name);
    if (why !== null) refused.set(change, why);
    else if (is === undefined) parts.delete(change.name);
    else if (change.field === null || was === undefined) parts.set(change.name, is);
    else parts.set(change.name, { ...was, [change.field]: change.declared });
  }
  return { parts: Object.fromEntries([...parts].sort(([a], [b]) => (a < b ? -1 : 1))), refused };
}
