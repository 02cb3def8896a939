import { expect, test } from "vitest";
import { ENDED_ACTS_MAX, withPatch } from "../../../engine/plan/record-patch.ts";
import { actId } from "../../../schemas/person-act.ts";
import {
  emptyRecord,
  type NodeRecord,
  type RecordPatch,
  type UsedRequests,
} from "../../../schemas/record.ts";

function idOf(number: number): string {
  return actId("ada@desk", "2026-11-24T00:00:00Z", String(number).padStart(8, "0"));
}

function use(id: string, at: number, outcome = "done"): RecordPatch {
  return { usedRequests: { [id]: { action: "reboot", at, commit: null, outcome } } };
}

function usedAfter(patches: readonly RecordPatch[], before: UsedRequests = {}): UsedRequests {
  let record: NodeRecord = { ...emptyRecord("u", "n1", "new"), usedRequests: { ...before } };
  for (const patch of patches) record = withPatch(record, patch);
  return record.usedRequests;
}

test("an id in git is remembered for ever, however many requests and acts came after it", () => {
  const requests = Array.from({ length: 500 }, (_, at) => use(`ops-${at}`, at));
  const acts = Array.from({ length: 500 }, (_, at) => use(idOf(at), 1000 + at));
  const used = Object.keys(usedAfter([...requests, ...acts]));
  expect(used.filter((id) => id.startsWith("ops-")).length).toBe(500);
  expect(used.length).toBe(500 + ENDED_ACTS_MAX);
});

test("an act that is begun is remembered until it has ended", () => {
  const first = use(idOf(0), 0, "begun");
  const acts = Array.from({ length: 200 }, (_, at) => use(idOf(at + 1), at + 1));
  expect(usedAfter([first, ...acts])[idOf(0)]?.outcome).toBe("begun");
  expect(usedAfter([first, ...acts, use(idOf(0), 0, "done")])[idOf(0)]).toBeUndefined();
});

test("lines that are laid over a record that says them already change nothing", () => {
  const acts = Array.from({ length: 120 }, (_, at) => [
    use(idOf(at), at, "begun"),
    use(idOf(at), at, "done"),
  ]).flat();
  const once = usedAfter(acts);
  for (const from of [0, 7, 100, 239]) expect(usedAfter(acts.slice(from), once)).toEqual(once);
  expect(Object.keys(once)).toContain(idOf(119));
});
