import type { DiskHints } from "../../schemas/documents.ts";
import { type Disk, diskName } from "./disks-of.ts";
import { booleanTest, sizeTest, type Test, textTest } from "./hint-expression.ts";

/** Disks that were chosen, or one sentence that says why none could be. */
export type Chosen<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string };

/** Smaller disks hold no image: Ironic's bound where no hint is given. */
const ROOT_BYTES_MIN = 4 * 2 ** 30;

/** Where a text hint finds its value; a value that nobody reads matches nothing. */
const TEXT_HINTS = {
  name: (disk) => disk.name,
  model: (disk) => disk.model,
  vendor: (disk) => disk.vendor,
  serial: (disk) => disk.serial,
  wwn: (disk) => disk.wwn,
  hctl: (disk) => disk.hctl,
  by_path: (disk) => disk.byPath,
} as const satisfies Record<string, (disk: Disk) => string | null>;

/** Hints that mean one disk: once it is found, what is not known of the others does not matter. */
const OF_ONE_DISK: readonly string[] = ["serial", "wwn", "name", "hctl", "by_path"];

/** What is wrong with a node's hints, in one sentence that names the hint; null when they can be obeyed. */
export function checkHints(hints: DiskHints): string | null {
  const test = testOf(hints);
  return typeof test === "string" ? test : null;
}

/** The disks for which every hint holds; hints that are no hints are a sentence. */
export function matchingDisks(hints: DiskHints, disks: readonly Disk[]): Chosen<readonly Disk[]> {
  const test = testOf(hints);
  if (typeof test === "string") return { ok: false, why: test };
  return { ok: true, value: disks.filter((disk) => test(disk) === true) };
}

/**
 * The one disk that an image is written to: by its hints, else the smallest of at least 4 GiB as in Ironic. Where
 * Ironic takes the first of several this answers a sentence, for the order of disks is not the same at each boot.
 */
export function rootDisk(hints: DiskHints | undefined, disks: readonly Disk[]): Chosen<Disk> {
  if (hints === undefined || given(hints).length === 0) return smallest(disks);
  const found = matchingDisks(hints, disks);
  if (!found.ok) return { ok: false, why: `provision.rootDevice: ${found.why}` };
  const said = `provision.rootDevice { ${written(hints)} }`;
  const [only, ...others] = found.value;
  if (only === undefined) return { ok: false, why: `${said} matches none of ${named(disks)}` };
  if (others.length > 0)
    return {
      ok: false,
      why: `${said} matches ${found.value.length} disks, ${named(found.value)}; name one by its serial`,
    };
  return { ok: true, value: only };
}

/**
 * The disks that a clean never touches. A hint that matches none is refused, and so is a disk of which too little
 * is known to tell: what it means to keep may be among the disks that would be erased.
 */
export function keptDisks(
  keep: readonly DiskHints[],
  disks: readonly Disk[],
): Chosen<readonly Disk[]> {
  const kept = new Set<Disk>();
  const doubts: { readonly disk: Disk; readonly said: string }[] = [];
  for (const [index, hints] of keep.entries()) {
    const test = testOf(hints);
    if (typeof test === "string") return { ok: false, why: `clean.keep[${index}]: ${test}` };
    if (given(hints).length === 0)
      return { ok: false, why: `clean.keep[${index}] is empty; name a disk, or take it out` };
    const said = `clean.keep[${index}] { ${written(hints)} }`;
    const found = disks.filter((disk) => test(disk) === true);
    const unsure = disks.filter((disk) => test(disk) === null);
    if (found.length === 0) return { ok: false, why: keepsNone(said, unsure, disks) };
    for (const disk of found) kept.add(disk);
    if (!given(hints).some(([hint]) => OF_ONE_DISK.includes(hint)))
      doubts.push(...unsure.map((disk) => ({ disk, said })));
  }
  const doubt = doubts.find(({ disk }) => !kept.has(disk));
  if (doubt !== undefined) return { ok: false, why: keepsNone(doubt.said, [doubt.disk], disks) };
  return { ok: true, value: disks.filter((disk) => kept.has(disk)) };
}

function keepsNone(said: string, unsure: readonly Disk[], disks: readonly Disk[]): string {
  const fact =
    unsure.length === 0
      ? `matches none of ${named(disks)}`
      : `may mean ${named(unsure)}, of which too little is known`;
  return `${said} ${fact}; nothing is cleaned until the hint names a disk that is there, or is taken out`;
}

function smallest(disks: readonly Disk[]): Chosen<Disk> {
  const wayOut = "write provision.rootDevice: { serial: ... }";
  const unknown = disks.filter(({ sizeBytes }) => sizeBytes === null);
  if (unknown.length > 0)
    return { ok: false, why: `the size of ${named(unknown)} is not known; ${wayOut}` };
  const sized = disks.flatMap((disk) =>
    disk.sizeBytes !== null && disk.sizeBytes >= ROOT_BYTES_MIN
      ? [{ disk, bytes: disk.sizeBytes }]
      : [],
  );
  const least = sized.reduce((bytes, one) => Math.min(bytes, one.bytes), Infinity);
  const [only, ...others] = sized.filter(({ bytes }) => bytes === least).map(({ disk }) => disk);
  if (only === undefined)
    return { ok: false, why: `none of ${named(disks)} has 4 GiB, so none can be the root disk` };
  if (others.length > 0)
    return {
      ok: false,
      why: `${named([only, ...others])} are of the same least size; ${wayOut}`,
    };
  return { ok: true, value: only };
}

/** Null: too little is known of the disk. */
type Guess = (disk: Disk) => boolean | null;

function testOf(hints: DiskHints): Guess | string {
  const guesses: Guess[] = [];
  for (const [hint, value] of given(hints)) {
    const guess = oneHint(hint, value);
    if (typeof guess === "string") return `the hint ${hint} ("${value}") is wrong: ${guess}`;
    guesses.push(guess);
  }
  return (disk) => {
    const answers = guesses.map((guess) => guess(disk));
    if (answers.includes(false)) return false;
    return answers.includes(null) ? null : true;
  };
}

function oneHint(hint: string, text: string): Guess | string {
  if (hint === "size") return onKnown(sizeTest(text), ({ sizeBytes }) => sizeBytes);
  if (hint === "rotational") return onKnown(booleanTest(text), ({ rotational }) => rotational);
  return onKnown(textTest(text), isTextHint(hint) ? TEXT_HINTS[hint] : () => null);
}

function onKnown<T>(test: Test<T> | string, valueOf: (disk: Disk) => T | null): Guess | string {
  if (typeof test === "string") return test;
  return (disk) => {
    const value = valueOf(disk);
    return value === null ? null : test(value);
  };
}

function given(hints: DiskHints): readonly (readonly [hint: string, text: string])[] {
  return Object.entries(hints).flatMap(([hint, value]) =>
    value === undefined ? [] : [[hint, String(value)] as const],
  );
}

function isTextHint(hint: string): hint is keyof typeof TEXT_HINTS {
  return Object.hasOwn(TEXT_HINTS, hint);
}

function written(hints: DiskHints): string {
  return given(hints)
    .map(([hint, text]) => `${hint}: ${text}`)
    .join(", ");
}

/** Disks in one order whatever the machine's was, so that a sentence is the same for the same disks. */
function named(disks: readonly Disk[]): string {
  if (disks.length === 0) return "no disks";
  return disks.map(diskName).sort().join(", ");
}
