import type { Impact } from "../../../schemas/impact.ts";
import { expect, test } from "vitest";
import { drawMachine } from "../../../engine/plan/draw-machine.ts";
import { findPath } from "../../../engine/plan/find-path.ts";
import { kindOf, MOVES, STATES, TRANSITIONS } from "../../../engine/plan/machine.ts";
import { PROVISION_STATES } from "../../../schemas/provision-state.ts";

test("the table has Ironic's 30 states and 93 transitions, and ours beside them", () => {
  expect(STATES.map(({ name }) => name).toSorted()).toEqual([...PROVISION_STATES].toSorted());
  expect(TRANSITIONS.filter(({ ours }) => !ours)).toHaveLength(93);
  expect(TRANSITIONS.filter(({ ours, why }) => ours && why === null)).toEqual([]);
});

test("the picture has a box for each state, and every transition is a word at a line, ours dashed", () => {
  const svg = drawMachine("svg");
  expect(svg.match(/<rect /g)).toHaveLength(STATES.length);
  const ends = (all: typeof TRANSITIONS): Set<string> =>
    new Set(all.map(({ from, to }) => `${from} -> ${to}`));
  expect(svg.match(/marker-end/g)).toHaveLength(ends(TRANSITIONS).size);
  const words = [...svg.matchAll(/class="label"[^>]*>([^<]+)</g)].flatMap(([, text = ""]) =>
    text.split(", "),
  );
  expect(words.toSorted()).toEqual(TRANSITIONS.map(({ event }) => event).toSorted());
  const theirs = ends(TRANSITIONS.filter(({ ours }) => !ours));
  const onlyOurs = [...ends(TRANSITIONS)].filter((one) => !theirs.has(one));
  expect(svg.match(/class="ours"/g)).toHaveLength(onlyOurs.length);
  expect(svg).not.toContain("NaN");
});

test("no state has two edges for one event, and every edge joins known states", () => {
  const edges = TRANSITIONS.map(({ from, event }) => `${from} ${event}`);
  expect(new Set(edges).size).toBe(edges.length);
  const names = new Set<string>(PROVISION_STATES);
  expect(TRANSITIONS.filter(({ from, to }) => !names.has(from) || !names.has(to))).toEqual([]);
});

test("every failed or held state has a way out that deletes nothing", () => {
  const stuck = STATES.filter(
    ({ name, kind }) => kind === "failed" || name.endsWith("hold") || name === "error",
  );
  expect(stuck.length).toBeGreaterThan(9);
  for (const { name } of stuck) {
    const ways = TRANSITIONS.filter(({ from, event }) => from === name && event !== "delete");
    expect([name, ways.length > 0]).toEqual([name, true]);
  }
});

test("every hold can run out of time, and every worker that hangs can be ended", () => {
  for (const name of ["clean hold", "deploy hold", "service hold"] as const)
    expect(TRANSITIONS.some(({ from, event }) => from === name && event === "fail")).toBe(true);
  for (const name of ["deploying", "cleaning", "inspecting", "servicing", "rescuing"] as const)
    expect(TRANSITIONS.some(({ from, event }) => from === name && event === "abort")).toBe(true);
});

const IMPACT: Readonly<Record<string, Impact>> = {
  "provision.inspect": "reboot",
  "provision.rescue": "reboot",
  "provision.unrescue": "reboot",
  "provision.service": "reboot",
  "provision.clean": "destructive",
  "provision.deploy": "destructive",
  "provision.rebuild": "destructive",
  "provision.undeploy": "destructive",
};

test("the cheapest way by impact: milder moves first, however many they are", () => {
  const verbs = (
    from: Parameters<typeof findPath>[0],
    to: Parameters<typeof findPath>[1],
  ): unknown =>
    findPath(from, to, { allows: () => true, impactOf: ({ verb }) => IMPACT[verb] ?? "none" })?.map(
      ({ verb }) => verb,
    ) ?? null;
  expect(verbs("enroll", "available")).toEqual(["provision.manage", "provision.provide"]);
  expect(verbs("enroll", "active")).toEqual(["provision.manage", "provision.adopt"]);
  expect(verbs("available", "manageable")).toEqual(["provision.manage"]);
  expect(verbs("error", "manageable")).toEqual(["provision.manage"]);
  expect(verbs("active", "available")).toEqual(["provision.undeploy"]);
  expect(verbs("active", "enroll")).toBeNull();
  expect(verbs("manageable", "manageable")).toEqual([]);
});

test("moves end at rest, and say where they end when they fail", () => {
  for (const move of MOVES) {
    expect([move.verb, kindOf(move.to)]).toEqual([move.verb, "stable"]);
    if (move.via !== null) expect([move.verb, move.failed]).not.toEqual([move.verb, null]);
  }
});

test("graph machine as JSON has the keys that scripts rely on", () => {
  const graph = JSON.parse(drawMachine("json")) as {
    states: unknown[];
    transitions: Record<string, unknown>[];
  };
  expect(graph.states).toContainEqual({ name: "deploying", stable: false, target: "active" });
  expect(graph.transitions).toContainEqual(
    expect.objectContaining({ from: "enroll", event: "manage", to: "verifying", ours: false }),
  );
  for (const format of ["text", "dot", "mermaid"] as const)
    expect(drawMachine(format)).toContain("deploy failed");
});
