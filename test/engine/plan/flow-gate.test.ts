import { describe, expect, test } from "vitest";
import { type DisksOf, resolveList, type Resolved } from "../../../engine/plan/flow-gate.ts";
import { readAgentSteps } from "../../../engine/plan/steps/read-agent-steps.ts";
import { nameOf } from "../../../engine/plan/steps/step-list.ts";
import type { FlowEntry, RamdiskTerms } from "../../../schemas/plan.ts";
import { defaultSettings } from "../../../schemas/settings.ts";
import { aFlow, entry, ramdisk, run } from "../../support/a-flow.ts";

const NO_DISKS: DisksOf = () => null;
const TERMS: RamdiskTerms = {
  flow: "clean",
  interfaces: ["deploy"],
  taken: ["deploy.erase_devices_metadata", "deploy.burnin_cpu"],
  own: null,
};

/** A list with these entries once its ramdisk has answered. */
function resolved(
  entries: readonly FlowEntry[],
  answer: unknown,
  terms: Partial<RamdiskTerms> = {},
  disks: DisksOf = NO_DISKS,
): Resolved {
  const all = { ...TERMS, ...terms };
  const step = aFlow("provision.clean", {
    from: "manageable",
    via: "cleaning",
    to: "manageable",
    entries: [
      entry("deploy.prepare_cleaning", ramdisk("clean"), { source: "engine" }),
      ...entries,
      entry("deploy.tear_down_cleaning", [], { source: "engine" }),
    ],
    ramdisk: all,
  });
  const learnt = readAgentSteps({ bootId: "b", version: null, steps: answer }, all, 1);
  const from = { step, at: { entry: 1, act: 0 }, ramdisk: learnt, settings: defaultSettings() };
  return resolveList(from, disks);
}

function asked(name: string, args: FlowEntry["args"] = {}): FlowEntry {
  return { ...run(name, { ramdisk: "unknown", source: "request r1", impact: "reboot" }), args };
}

function ownEntry(name: string, priority: number, more: Partial<FlowEntry> = {}): FlowEntry {
  return run(name, { ramdisk: "named", source: "ramdisk", priority, ...more });
}

const STRESS = {
  interface: "deploy",
  step: "stress",
  priority: { clean: 0 },
  args: { hours: { type: "integer", required: true } },
};
const SHRED = { interface: "deploy", step: "shred", priority: { clean: 0 }, erases: "full" };

function names({ entries }: Resolved): readonly string[] {
  return entries.map(nameOf).slice(1, -1);
}

describe("a step that was asked for, and its ramdisk", () => {
  test.each<[string, FlowEntry, unknown, string]>([
    [
      "does not have it",
      asked("deploy.stres"),
      [STRESS],
      "its ramdisk has no step deploy.stres; did you mean deploy.stress?",
    ],
    [
      "has none at all",
      asked("deploy.shred"),
      [],
      "its ramdisk has no step deploy.shred; it names none of its own",
    ],
    [
      "answers nonsense",
      asked("deploy.shred"),
      "busy",
      'its ramdisk has no step deploy.shred; it names none of its own: its answer is no list of steps (it is the text "busy")',
    ],
    [
      "has it in a form that can't be taken",
      asked("deploy.shred"),
      [{ ...SHRED, erases: "all" }],
      'its ramdisk names deploy.shred: erases: Invalid option: expected one of "metadata"|"full"|"root"',
    ],
    [
      "has it in another flow",
      asked("deploy.stress", { hours: 1 }),
      [{ ...STRESS, priority: { service: 0, deploy: 0 } }],
      "deploy.stress of its ramdisk is a step of deploy, service, not of clean",
    ],
    [
      "takes other arguments",
      asked("deploy.stress", { hours: "four" }),
      [STRESS],
      "deploy.stress: the argument hours is text; it must be a whole number",
    ],
    [
      "needs an argument",
      asked("deploy.stress"),
      [STRESS],
      "deploy.stress needs the argument hours (a whole number)",
    ],
  ])("%s: it is a problem, and says why", (_what, step, answer, why) => {
    expect(resolved([step], answer).problems).toEqual([why]);
  });

  test("has it: it is run as the ramdisk says, where it stood, and numbered by its place", () => {
    const list = [run("deploy.burnin_cpu"), asked("deploy.stress", { hours: 4 })];
    const all = resolved(list, [{ ...STRESS, timeoutSeconds: 77, abortable: true }]);
    expect([all.problems, all.unnamed, all.gone]).toEqual([[], [], []]);
    expect(names(all)).toEqual(["deploy.burnin_cpu", "deploy.stress"]);
    expect(all.entries[2]).toMatchObject({
      ramdisk: "named",
      abortable: true,
      args: { hours: 4 },
      source: "request r1",
      acts: [{ timeoutSeconds: 77, act: { id: "5.3", inBand: true, disks: null } }],
    });
  });

  test("has it and restarts for it: its list is asked for again in the next ramdisk", () => {
    const list = [asked("deploy.stress", { hours: 4 })];
    const [, first] = resolved(list, [{ ...STRESS, reboots: true }]).entries;
    const verbs = first?.acts.map(({ act }) => act.verb);
    expect(verbs).toEqual([
      "step.run",
      "boot.ramdisk",
      "power.off",
      "power.on",
      "engine.awaitAgent",
    ]);
    expect(first?.acts.at(-1)?.after).toEqual({ agent: "ramdisk", agentSteps: "listed" });
  });

  test("erases by it: it is unnamed, until its disks are named", () => {
    const list = [asked("deploy.shred")];
    expect(resolved(list, [SHRED]).unnamed.map(nameOf)).toEqual(["deploy.shred"]);
    const named = resolved(list, [SHRED], {}, () => ["D1"]);
    expect(named.unnamed).toEqual([]);
    expect(named.entries[1]).toMatchObject({
      impact: "destructive",
      erases: "full",
      acts: [{ act: { disks: ["D1"] } }],
    });
  });
});

describe("steps that a ramdisk brings by itself", () => {
  const METADATA = run("deploy.erase_devices_metadata", { priority: 99, source: "driver" });
  const OWN = { priorities: {}, mayErase: ["metadata"] } as const;
  const ANSWER = [
    { interface: "deploy", step: "late", priority: { clean: 5 } },
    { interface: "deploy", step: "early", priority: { clean: 100 } },
    { interface: "deploy", step: "on_request", priority: { clean: 0 } },
    { interface: "deploy", step: "whole", priority: { clean: 50 }, erases: "full" },
    { interface: "deploy", step: "other_flow", priority: { deploy: 50 } },
  ];

  test("join the list by their priority, before the machine is put back", () => {
    const all = resolved([METADATA], ANSWER, { own: OWN });
    expect(names(all)).toEqual(["deploy.early", "deploy.erase_devices_metadata", "deploy.late"]);
    expect(
      all.entries
        .map(({ acts }) => acts[0]?.act)
        .flatMap((act) => (act?.verb === "step.run" ? [act.id] : [])),
    ).toEqual(["5.2", "5.3", "5.4"]);
  });

  test("join no list that runs as it is written", () => {
    expect(names(resolved([METADATA], ANSWER))).toEqual(["deploy.erase_devices_metadata"]);
  });

  test("are moved and switched off by git, within what the list may erase", () => {
    const priorities = { "deploy.late": 100, "deploy.early": 0, "deploy.whole": 60 };
    const all = resolved([METADATA], ANSWER, { own: { ...OWN, priorities } });
    expect(names(all)).toEqual(["deploy.late", "deploy.erase_devices_metadata"]);
    expect(all.problems).toEqual([]);
  });

  test("that git moves and the ramdisk does not have are a problem", () => {
    const own = { ...OWN, priorities: { "deploy.earl": 60 } };
    expect(resolved([METADATA], ANSWER, { own }).problems).toEqual([
      "its ramdisk has no step deploy.earl; did you mean deploy.early?",
    ]);
  });

  test("that erase within what the list may erase are unnamed until a plan has named them", () => {
    const answer = [{ ...SHRED, priority: { clean: 60 }, erases: "metadata" }];
    expect(resolved([METADATA], answer, { own: OWN }).unnamed.map(nameOf)).toEqual([
      "deploy.shred",
    ]);
  });

  test("that a plan has named and that are gone are said; those that erase nothing go without a word", () => {
    const list = [
      METADATA,
      ownEntry("deploy.shred", 60, { erases: "metadata" }),
      ownEntry("deploy.late", 5),
    ];
    const all = resolved(list, [], { own: OWN });
    expect([names(all), all.gone]).toEqual([["deploy.erase_devices_metadata"], ["deploy.shred"]]);
  });

  test("are not run twice where git names them in the list", () => {
    const list = [METADATA, { ...asked("deploy.late"), priority: 30, source: "template x" }];
    expect(names(resolved(list, ANSWER.slice(0, 1), { own: OWN }))).toEqual([
      "deploy.erase_devices_metadata",
      "deploy.late",
    ]);
  });
});

test("what is done already stays as it was, also where the ramdisk is another one since", () => {
  const step = aFlow("provision.clean", {
    from: "manageable",
    via: "cleaning",
    to: "manageable",
    entries: [
      entry("deploy.prepare_cleaning", ramdisk("clean")),
      asked("deploy.gone"),
      asked("deploy.stress", { hours: 1 }),
    ],
    ramdisk: TERMS,
  });
  const learnt = readAgentSteps({ bootId: "b", version: null, steps: [STRESS] }, TERMS, 1);
  const from = { step, at: { entry: 2, act: 0 }, ramdisk: learnt, settings: defaultSettings() };
  const all = resolveList(from, NO_DISKS);
  expect(all.problems).toEqual([]);
  expect(all.entries[1]).toEqual(step.flow.entries[1]);
});

test("a step that a ramdisk brings and that restarts it is not brought again by the next one", () => {
  const terms = { ...TERMS, own: { priorities: {}, mayErase: [] } };
  const answer = [{ interface: "deploy", step: "nvram", priority: { clean: 50 }, reboots: true }];
  const step = aFlow("provision.provide", {
    from: "manageable",
    via: "cleaning",
    to: "available",
    entries: [
      entry("deploy.prepare_cleaning", ramdisk("clean"), { source: "engine" }),
      ownEntry("deploy.nvram", 50),
      entry("deploy.tear_down_cleaning", [], { source: "engine" }),
    ],
    ramdisk: terms,
  });
  const learnt = readAgentSteps({ bootId: "b2", version: null, steps: answer }, terms, 1);
  const from = { step, at: { entry: 2, act: 0 }, ramdisk: learnt, settings: defaultSettings() };
  expect(resolveList(from, NO_DISKS).entries).toEqual(step.flow.entries);
});
