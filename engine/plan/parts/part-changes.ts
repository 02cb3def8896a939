import { sameValue } from "../canonical-json.ts";
import type { Difference } from "../facets/facet.ts";

/** Parts of one kind, by name. */
export type Parts<P> = Readonly<Record<string, P>>;

/** True where there is none. */
export function isEmpty(parts: Parts<unknown>): boolean {
  for (const _name in parts) return false;
  return true;
}

/** One part that comes or goes, or one of its fields that changes. */
export interface PartChange {
  readonly name: string;
  /** Null for the whole part. */
  readonly field: string | null;
  readonly declared: unknown;
  /** Null where there is none. */
  readonly recorded: unknown;
}

/** Where a change stands below `spec`: `/ports/eth0/mac`. */
function pointerOf(root: string, { name, field }: PartChange): string {
  return `${root}/${name}${field === null ? "" : `/${field}`}`;
}

/** All that the declaration and the record differ in, as a facet tells it; `root` is where the parts stand. */
export function partDifferences<P extends Readonly<Record<string, unknown>>>(
  root: string,
  recorded: Parts<P>,
  declared: Parts<P>,
): readonly Difference[] {
  return partChanges(recorded, declared).map((change) => ({
    path: pointerOf(root, change),
    desired: change.declared,
    observed: change.recorded,
  }));
}

/** Why changes are refused, by where they stand. */
export function refusedAt(
  root: string,
  { refused }: Laid<unknown>,
): readonly (readonly [string, string])[] {
  return [...refused].map(([change, why]) => [pointerOf(root, change), why] as const);
}

/** Another part that has what there is once; undefined where none has. */
export function otherWith<P>(
  name: string,
  laid: Parts<P>,
  has: (other: P, own: P) => boolean,
): string | undefined {
  const own = laid[name];
  if (own === undefined) return undefined;
  return Object.entries(laid).find(([other, part]) => other !== name && has(part, own))?.[0];
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

/**
 * As `layParts`, where no two parts may have one key (a MAC, a boot index): while one that may not change still has it,
 * none gets it. `clashOf` says in one clause why a part cannot be as it would be laid.
 */
export function layApart<P extends Readonly<Record<string, unknown>>>(
  recorded: Parts<P>,
  declared: Parts<P>,
  refuse: (change: PartChange) => string | null,
  clashOf: (name: string, laid: Parts<P>) => string | null,
): Laid<P> {
  const waiting = new Map<string, string>();
  const comes = partChanges(recorded, declared).filter((change) => change.declared !== null);
  for (;;) {
    const laid = layParts(
      recorded,
      declared,
      (change) => refuse(change) ?? waiting.get(change.name) ?? null,
    );
    const clashes = [...new Set(comes.map(({ name }) => name))].flatMap((name) => {
      const why = waiting.has(name) ? null : clashOf(name, laid.parts);
      return why === null ? [] : [[name, why] as const];
    });
    if (clashes.length === 0) return laid;
    for (const [name, why] of clashes) waiting.set(name, why);
  }
}

/** A record's parts, and why some changes are not among them. */
export interface Laid<P> {
  readonly parts: Parts<P>;
  readonly refused: ReadonlyMap<PartChange, string>;
}

/** The record with every change laid in that nothing refuses, and why the others are left as they are. */
export function layParts<P extends Readonly<Record<string, unknown>>>(
  recorded: Parts<P>,
  declared: Parts<P>,
  refuse: (change: PartChange) => string | null,
): Laid<P> {
  const parts = new Map(Object.entries(recorded));
  const refused = new Map<PartChange, string>();
  for (const change of partChanges(recorded, declared)) {
    const why = refuse(change);
    const is = Object.hasOwn(declared, change.name) ? declared[change.name] : undefined;
    const was = parts.get(change.name);
    if (why !== null) refused.set(change, why);
    else if (is === undefined) parts.delete(change.name);
    else if (change.field === null || was === undefined) parts.set(change.name, is);
    else parts.set(change.name, { ...was, [change.field]: change.declared });
  }
  return { parts: Object.fromEntries([...parts].sort(([a], [b]) => (a < b ? -1 : 1))), refused };
}
