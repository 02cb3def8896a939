import { expect, test } from "vitest";
import { loadFleet } from "../../inventory/load-fleet.ts";
import { pastRequests } from "../../inventory/past-requests.ts";
import { placeText } from "../../schemas/diagnostic.ts";
import { documentPlace } from "../../schemas/fleet.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import { tempDir } from "../support/temp-dir.ts";
import { tempRepo } from "../support/temp-repo.ts";

const settings = { ...defaultSettings(), fleet: "6c1c1d9e-0000-4000-8000-000000000001" };

function node(name: string, spec: string): string {
  return `apiVersion: ironwright/v1\nkind: Node\nmetadata:\n  name: ${name}\nspec:\n${spec}`;
}

const FAKE = "  driver: fake\n";

async function errorsOf(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const repo = await tempRepo();
  for (const [path, text] of Object.entries(files)) repo.write(path, text);
  const { fleet, diagnostics } = await loadFleet({ dir: repo.dir, settings });
  expect(fleet).toBeNull();
  return diagnostics.map((d) => `${d.file}:${d.line}:${d.column} ${d.code} ${d.message}`);
}

async function oneError(text: string): Promise<string> {
  const errors = await errorsOf({ "inventory/a.yaml": text });
  expect(errors).toHaveLength(1);
  return errors[0] ?? "";
}

const REQUEST = "  requests:\n    - ";

test.each([
  [
    "one id twice",
    "{ id: a, action: claim, serial: S }\n    - { id: a, action: inspect }",
    "9:9 IW-I17 the request a (inspect) has the id of requests[0]; each id runs once, so give it another",
  ],
  [
    "an unhold without an end",
    "{ id: a, action: unhold }",
    "8:7 IW-I17 the request a (unhold) has no expires; from impact reboot up it needs one, 14 days at most",
  ],
  [
    "an abort without an end",
    "{ id: a, action: abort }",
    "8:7 IW-I17 the request a (abort) has no expires; from impact reboot up it needs one, 14 days at most",
  ],
  [
    "a day that no month has",
    "{ id: a, action: nmi, expires: 2026-02-30 }",
    "8:29 IW-I17 the request a (nmi) expires at 2026-02-30, which is no date; write 2026-12-01T00:00:00Z",
  ],
  [
    "an hour that no day has",
    "{ id: a, action: nmi, expires: 2026-02-10T25:00:00Z }",
    "8:29 IW-I17 the request a (nmi) expires at 2026-02-10T25:00:00Z, which is no date; write 2026-12-01T00:00:00Z",
  ],
  [
    "an end that is no date at all",
    "{ id: a, action: nmi, expires: soon }",
    '8:29 IW-I04 spec.requests.0.expires is "soon"; it must be a date, or a date and time with a zone (2026-12-01T00:00:00Z)',
  ],
  [
    "a claim of no machine",
    "{ id: a, action: claim }",
    "8:7 IW-I17 the request a (claim) needs the serial of the machine that may be erased; write serial: ...",
  ],
  [
    "a claim of a blank serial",
    '{ id: a, action: claim, serial: " " }',
    "8:7 IW-I17 the request a (claim) needs the serial of the machine that may be erased; write serial: ...",
  ],
  [
    "a clean of nothing",
    "{ id: a, action: clean, expires: 2026-12-01 }",
    "8:7 IW-I17 the request a (clean) names neither a runbook nor steps; write one of them",
  ],
  [
    "a service of two lists",
    "{ id: a, action: service, expires: 2026-12-01, runbook: r, steps: [{ interface: bios, step: a }] }",
    "8:66 IW-I17 the request a (service) names a runbook and steps; write one of them",
  ],
  [
    "a replace without an identity",
    "{ id: a, action: replace, expires: 2026-12-01 }",
    "8:7 IW-I17 the request a (replace) needs the new machine's identity in git; write identity: { serial: ... } in the same commit",
  ],
  [
    "an argument that an action does not take",
    "{ id: a, action: undeploy, expires: 2026-12-01, keep: disks }",
    "8:55 IW-I17 the request a (undeploy) takes no keep; only replace does",
  ],
  [
    "a runbook for a reboot",
    "{ id: a, action: reboot, expires: 2026-12-01, runbook: r }",
    "8:53 IW-I17 the request a (reboot) takes no runbook; only clean and service does",
  ],
])("a request is refused at its place: %s", async (_name, request, error) => {
  const errors = await errorsOf({
    "inventory/a.yaml": node("n1", `${FAKE}${REQUEST}${request}\n`),
  });
  expect(errors).toContain(`inventory/a.yaml:${error}`);
});

test("a claim is for the node's own machine, however its serial is written", async () => {
  const spec = (serial: string): string =>
    `${FAKE}  identity: { serial: 7E12345 }\n${REQUEST}{ id: a, action: claim, serial: ${serial} }\n`;
  expect(await oneError(node("n1", spec("7E99999")))).toBe(
    "inventory/a.yaml:9:31 IW-I17 the request a (claim) is for the machine 7E99999, and identity.serial is 7E12345; a claim is for the node's own machine",
  );
  const repo = await tempRepo({ "inventory/a.yaml": node("n1", spec("7e12345")) });
  expect((await loadFleet({ dir: repo.dir, settings })).diagnostics).toEqual([]);
});

test("a request in a profile, and in a template of many rows, is refused", async () => {
  const request = `requests: [{ id: a, action: inspect }]`;
  const list = `apiVersion: ironwright/v1\nkind: NodeList\nmetadata: { name: l }\nspec:\n  template: { spec: { driver: fake, ${request} } }\n  columns: [metadata.name]\n  rows: [[n1]]\n`;
  const profile = `apiVersion: ironwright/v1\nkind: Profile\nmetadata: { name: p }\nspec: { ${request} }\n`;
  expect(await errorsOf({ "inventory/a.yaml": list, "inventory/b.yaml": profile })).toEqual([
    expect.stringContaining(
      "inventory/a.yaml:5:37 IW-I11 requests means one machine; it is not allowed in a NodeList's template",
    ),
    expect.stringContaining(
      "inventory/b.yaml:4:9 IW-I11 requests means one machine; it is not allowed in a Profile",
    ),
  ]);
});

const RUNBOOK = `apiVersion: ironwright/v1
kind: Runbook
metadata: { name: burnin }
spec:
  flow: clean
  traits: [CUSTOM_LAB]
  steps:
    - interface: deploy
      step: burnin_cpu
      args: { hours: 4, label: 0123 }
`;
const TEMPLATE = `apiVersion: ironwright/v1
kind: DeployTemplate
metadata: { name: gpu }
spec:
  traits: [CUSTOM_GPU]
  steps:
    - { interface: bios, step: factory_reset, priority: 90 }
`;

test("templates and runbooks load, keep their places, and come back from the cache as they were", async () => {
  const cacheDir = tempDir();
  const repo = await tempRepo({
    "inventory/a.yaml": node("n1", FAKE),
    "inventory/b.yaml": `${RUNBOOK}---\n${TEMPLATE}`,
  });
  const { fleet, diagnostics } = await loadFleet({ dir: repo.dir, settings, cacheDir });
  expect(diagnostics).toEqual([]);
  expect(fleet?.runbooks[0]?.spec.steps[0]).toMatchObject({
    step: "burnin_cpu",
    args: { hours: 4 },
  });
  expect(fleet?.templates[0]?.spec.steps[0]?.priority).toBe(90);
  const at = (pointer: string, kind: "Runbook" | "DeployTemplate", name: string): string =>
    placeText(documentPlace(fleet!, { kind, name }, pointer)!);
  expect(at("/steps/0/args/hours", "Runbook", "burnin")).toBe("inventory/b.yaml:10:15");
  expect(at("/steps/0/args/nothing", "Runbook", "burnin")).toBe("inventory/b.yaml:10:7");
  expect(at("/steps/0/step", "DeployTemplate", "gpu")).toBe("inventory/b.yaml:18:26");
  expect(at("", "DeployTemplate", "gpu")).toBe("inventory/b.yaml:12:1");
  expect(documentPlace(fleet!, { kind: "Runbook", name: "none" }, "/steps")).toBeNull();
  const again = await loadFleet({ dir: repo.dir, settings, cacheDir });
  expect(again.fleet).toEqual(fleet);
});

test("duplicate and unreadable templates and runbooks, and references to none, name their places", async () => {
  const twice = TEMPLATE.replace(
    "priority: 90 }",
    "priority: 90 }\n    - { interface: bios, step: factory_reset, priority: 10 }",
  );
  expect(
    await errorsOf({
      "inventory/a.yaml": node(
        "n1",
        `${FAKE}${REQUEST}{ id: a, action: clean, expires: 2026-12-01, runbook: burnim }\n`,
      ),
      "inventory/b.yaml": [RUNBOOK, RUNBOOK, twice].join("---\n"),
      "inventory/c.yaml": RUNBOOK.replace("burnin }", "other }").replace(
        "flow: clean",
        "flow: deploy",
      ),
    }),
  ).toEqual([
    "inventory/a.yaml:8:52 IW-I06 runbook burnim is not declared; did you mean burnin?",
    "inventory/b.yaml:14:13 IW-I05 Runbook burnin is declared twice; the other one is at inventory/b.yaml:1",
    "inventory/b.yaml:30:7 IW-I05 bios.factory_reset is named twice, here and in steps[0]; a deploy runs each step once",
    'inventory/c.yaml:5:3 IW-I04 spec.flow is "deploy"; it must be clean, service',
  ]);
});

test("a disk hint is text as it is written, and an unknown hint is an unknown key", async () => {
  const spec = (hints: string): string => `${FAKE}  provision:\n    rootDevice: ${hints}\n`;
  const repo = await tempRepo({
    "inventory/a.yaml": node("n1", spec("{ serial: 0123, size: 480 }")),
  });
  const { fleet } = await loadFleet({ dir: repo.dir, settings });
  expect(fleet?.nodes[0]?.spec.provision?.rootDevice).toEqual({ serial: "0123", size: 480 });
  expect(await oneError(node("n1", spec("{ serail: 0123 }")))).toContain(
    'inventory/a.yaml:8:19 IW-I03 unknown key "serail" in spec.provision.rootDevice',
  );
});

test("a request that ended long ago is a warning, and only then", async () => {
  const repo = await tempRepo({
    "inventory/a.yaml": node(
      "n1",
      `${FAKE}${REQUEST}{ id: a, action: nmi, expires: 2026-11-01 }\n`,
    ),
  });
  const { fleet } = await loadFleet({ dir: repo.dir, settings });
  expect(pastRequests(fleet!, Date.UTC(2026, 10, 15))).toEqual([]);
  expect(pastRequests(fleet!, Date.UTC(2026, 10, 16))).toEqual([
    {
      file: "inventory/a.yaml",
      line: 8,
      column: 7,
      code: "IW-I17",
      severity: "warning",
      message: "n1: the request a (nmi) expired at 2026-11-01; it never runs, take it out",
    },
  ]);
});
