import * as fc from "fast-check";
import { expect, test } from "vitest";
import { checkHints, keptDisks, matchingDisks, rootDisk } from "../../../engine/plan/disk-hints.ts";
import { type Disk, disksOf } from "../../../engine/plan/disks-of.ts";
import { matchesGlob } from "../../../engine/plan/glob.ts";
import type { DiskHints } from "../../../schemas/documents.ts";

const GIB = 2 ** 30;

function disk(serial: string | null, more: Partial<Disk> = {}): Disk {
  const nothing = { name: null, wwn: null, model: null, vendor: null, media: null };
  return {
    ...nothing,
    serial,
    sizeBytes: 480 * GIB,
    rotational: false,
    hctl: null,
    byPath: null,
    ...more,
  };
}

const KIOXIA = disk("K1", { name: "/dev/sda", model: "KIOXIA KPM6", sizeBytes: 960 * GIB });
const SAMSUNG = disk("S1", { name: "/dev/sdb", model: "SAMSUNG MZ7L3", vendor: "ATA" });
const SPINNING = disk("H1", { model: "ST4000NM", rotational: true, sizeBytes: 3726 * GIB });
const DISKS = [KIOXIA, SAMSUNG, SPINNING];

function serials(hints: DiskHints, disks = DISKS): readonly (string | null)[] | string {
  const found = matchingDisks(hints, disks);
  return found.ok ? found.value.map(({ serial }) => serial) : found.why;
}

function why(chosen: { readonly ok: boolean; readonly why?: string }): string {
  return chosen.ok ? "chosen" : (chosen.why ?? "");
}

test.each<[DiskHints, string]>([
  [{ size: "big" }, 'the hint size ("big") is wrong: "big" is no size; write whole GiB'],
  [{ size: "-1" }, '"-1" is no size'],
  [{ size: "1.5" }, '"1.5" is no size'],
  [{ size: "s== 60" }, "s== compares no numbers"],
  [{ size: "<or> 60 <or> x" }, '"x" is no size'],
  [{ rotational: "perhaps" }, '"perhaps" is neither true nor false'],
  [{ model: " " }, "it is empty"],
  [{ model: "s==" }, "s== has no value behind it"],
  [{ model: "<or>" }, "<or> has no value behind it"],
  [{ model: "<nor> a" }, "<nor> is no operator"],
  [{ model: ">= few" }, '"few" is no number, and >= compares numbers'],
])("a hint that can't be read is a sentence: %j", (hints, sentence) => {
  expect(checkHints(hints)).toContain(sentence);
  expect(serials(hints)).toContain(sentence);
});

test.each<[DiskHints, readonly string[]]>([
  [{ serial: "k1" }, ["K1"]],
  [{ serial: " K1 " }, ["K1"]],
  [{ model: "s== kioxia kpm6" }, ["K1"]],
  [{ model: "s!= KIOXIA KPM6" }, ["S1", "H1"]],
  [{ model: "<in> mz7" }, ["S1"]],
  [{ model: "<or> KIOXIA KPM6 <or> st4000nm" }, ["K1", "H1"]],
  [{ model: "<all-in> samsung l3" }, ["S1"]],
  [{ model: "KIOXIA*" }, ["K1"]],
  [{ model: "S?4000*" }, ["H1"]],
  [{ model: "s>= s" }, ["S1", "H1"]],
  [{ model: "s< samsung" }, ["K1"]],
  [{ size: 960 }, ["K1"]],
  [{ size: "= 960" }, ["K1", "H1"]],
  [{ size: ">= 960" }, ["K1", "H1"]],
  [{ size: "< 960" }, ["S1"]],
  [{ size: "!= 480" }, ["K1", "H1"]],
  [{ size: "<or> 480 <or> 960" }, ["K1", "S1"]],
  [{ rotational: true }, ["H1"]],
  [{ rotational: "no", size: "> 500" }, ["K1"]],
  [{ name: "/dev/sdb" }, ["S1"]],
  [{ vendor: "ATA" }, ["S1"]],
  [{ wwn_with_extension: "0x5" }, []],
])("%j finds %j", (hints, found) => {
  expect(serials(hints)).toEqual(found);
});

test("without hints the root disk is the smallest of at least 4 GiB, and never one of two", () => {
  const stick = disk("U1", { sizeBytes: 2 * GIB });
  expect(rootDisk(undefined, [...DISKS, stick])).toEqual({ ok: true, value: SAMSUNG });
  expect(rootDisk({}, [SPINNING, KIOXIA])).toEqual({ ok: true, value: KIOXIA });
  expect(why(rootDisk(undefined, []))).toBe(
    "none of no disks has 4 GiB, so none can be the root disk",
  );
  expect(why(rootDisk(undefined, [stick]))).toContain("none of U1 has 4 GiB");
  expect(why(rootDisk(undefined, [SAMSUNG, disk("S2")]))).toBe(
    "/dev/sdb (S1), S2 are of the same least size; write provision.rootDevice: { serial: ... }",
  );
  expect(why(rootDisk(undefined, [SAMSUNG, disk("S2", { sizeBytes: null })]))).toContain(
    "the size of S2 is not known",
  );
});

test("a root hint that matches none or several says which disks there are", () => {
  expect(rootDisk({ serial: "H1" }, DISKS)).toEqual({ ok: true, value: SPINNING });
  expect(why(rootDisk({ serial: "X9" }, DISKS))).toBe(
    "provision.rootDevice { serial: X9 } matches none of /dev/sda (K1), /dev/sdb (S1), H1",
  );
  expect(why(rootDisk({ rotational: false }, DISKS))).toBe(
    "provision.rootDevice { rotational: false } matches 2 disks, /dev/sda (K1), /dev/sdb (S1); name one by its serial",
  );
  expect(why(rootDisk({ size: "big" }, DISKS))).toContain("provision.rootDevice: the hint size");
});

test("a keep hint that matches nothing blocks the clean", () => {
  expect(keptDisks([{ model: "KIOXIA*" }, { serial: "H1" }], DISKS)).toEqual({
    ok: true,
    value: [KIOXIA, SPINNING],
  });
  expect(keptDisks([], DISKS)).toEqual({ ok: true, value: [] });
  expect(why(keptDisks([{ serial: "H1" }, { model: "INTEL*" }], DISKS))).toBe(
    "clean.keep[1] { model: INTEL* } matches none of /dev/sda (K1), /dev/sdb (S1), H1; nothing is cleaned until the hint names a disk that is there, or is taken out",
  );
  expect(why(keptDisks([{}], DISKS))).toContain("clean.keep[0] is empty");
  expect(why(keptDisks([{ size: "x" }], DISKS))).toContain("clean.keep[0]: the hint size");
});

test("a disk of which too little is known to tell blocks the clean, unless a hint keeps it by its serial", () => {
  const nameless = disk("N1");
  const disks = [KIOXIA, nameless];
  expect(why(keptDisks([{ model: "KIOXIA*" }], disks))).toContain("may mean N1");
  expect(keptDisks([{ model: "KIOXIA*" }, { serial: "N1" }], disks)).toEqual({
    ok: true,
    value: disks,
  });
  expect(keptDisks([{ serial: "K1" }], [KIOXIA, disk(null)])).toEqual({
    ok: true,
    value: [KIOXIA],
  });
  expect(keptDisks([{ model: "KIOXIA*", size: ">= 900" }], disks).ok).toBe(true);
});

test("disks are known as a whole or not at all", () => {
  expect(disksOf(null)).toBeNull();
  expect(disksOf({})).toBeNull();
  expect(disksOf({ disks: null })).toBeNull();
  expect(disksOf({ disks: [{ serial: "A" }, "sdb"] })).toBeNull();
  expect(disksOf({ disks: [] })).toEqual([]);
  expect(disksOf({ disks: [{ serial: " ", sizeBytes: -1, media: "HDD", name: 7 }] })).toEqual([
    disk(null, { sizeBytes: null, media: "HDD", rotational: true }),
  ]);
});

const word = fc.stringMatching(/^[a-c]{1,4}$/);
const someDisk = fc.record({
  name: fc.option(word),
  serial: fc.option(word),
  wwn: fc.option(word),
  sizeBytes: fc.option(fc.integer({ min: 1, max: 12 }).map((gib) => gib * GIB)),
  model: fc.option(word),
  vendor: fc.option(word),
  rotational: fc.option(fc.boolean()),
  media: fc.constant(null),
  hctl: fc.constant(null),
  byPath: fc.constant(null),
});
const someDisks = fc.array(someDisk, { maxLength: 6 });
const someHints: fc.Arbitrary<DiskHints> = fc.record(
  {
    model: fc.oneof(
      word,
      word.map((w) => `<in> ${w}`),
      word.map((w) => `${w}*`),
    ),
    serial: fc.oneof(
      word,
      word.map((w) => `s!= ${w}`),
    ),
    size: fc.oneof(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 12 }).map((n) => `>= ${n}`),
    ),
    rotational: fc.boolean(),
  },
  { requiredKeys: [] },
);

function matched(hints: DiskHints, disks: readonly Disk[]): readonly Disk[] {
  const chosen = matchingDisks(hints, disks);
  if (!chosen.ok) throw new Error(chosen.why);
  return chosen.value;
}

test("law: what several hints find is what each finds alone, and no other", () => {
  fc.assert(
    fc.property(someHints, someDisks, (hints, disks) => {
      const each = Object.entries(hints).map(([hint, value]) => matched({ [hint]: value }, disks));
      expect(matched(hints, disks)).toEqual(disks.filter((d) => each.every((f) => f.includes(d))));
    }),
  );
});

test("law: an operator and its opposite part the disks whose value is known", () => {
  fc.assert(
    fc.property(word, fc.integer({ min: 1, max: 12 }), someDisks, (text, gib, disks) => {
      for (const [a, b, isKnown] of [
        [{ model: `s== ${text}` }, { model: `s!= ${text}` }, (d: Disk) => d.model !== null],
        [{ model: `s< ${text}` }, { model: `s>= ${text}` }, (d: Disk) => d.model !== null],
        [{ size: `< ${gib}` }, { size: `>= ${gib}` }, (d: Disk) => d.sizeBytes !== null],
        [{ size: `== ${gib}` }, { size: `!= ${gib}` }, (d: Disk) => d.sizeBytes !== null],
      ] as const) {
        const [left, right] = [matched(a, disks), matched(b, disks)];
        expect(left.filter((d) => right.includes(d))).toEqual([]);
        expect(disks.filter((d) => left.includes(d) || right.includes(d))).toEqual(
          disks.filter(isKnown),
        );
      }
    }),
  );
});

test("law: the order of disks changes neither the root disk nor the sentence", () => {
  fc.assert(
    fc.property(fc.option(someHints, { nil: undefined }), someDisks, (hints, disks) => {
      expect(rootDisk(hints, [...disks].reverse())).toEqual(rootDisk(hints, disks));
    }),
  );
});

test("law: the order of keep hints changes nothing that is kept, and one more never keeps less", () => {
  fc.assert(
    fc.property(fc.array(someHints, { maxLength: 3 }), someHints, someDisks, (keep, one, disks) => {
      const all = keptDisks([...keep, one], disks);
      const turned = keptDisks([one, ...keep], disks);
      expect(turned.ok).toBe(all.ok);
      if (all.ok) expect(turned).toEqual(all);
      const fewer = keptDisks(keep, disks);
      if (!all.ok || !fewer.ok) return;
      expect(fewer.value.every((d) => all.value.includes(d))).toBe(true);
    }),
  );
});

test("law: a glob is what the regular expression of its pattern is", () => {
  const pattern = fc.stringMatching(/^[ab*?]{0,6}$/);
  fc.assert(
    fc.property(pattern, fc.stringMatching(/^[ab]{0,8}$/), (glob, text) => {
      const regex = new RegExp(`^${glob.replaceAll("*", ".*").replaceAll("?", ".")}$`);
      expect(matchesGlob(glob, text)).toBe(regex.test(text));
    }),
    { numRuns: 1000 },
  );
});
