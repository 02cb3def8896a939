import { expect, test } from "vitest";
import { runCli } from "../../support/run-cli.ts";
import { type TempRepo, tempRepo } from "../../support/temp-repo.ts";

function node(name: string, spec: string): string {
  return `apiVersion: ironwright/v1\nkind: Node\nmetadata: { name: ${name} }\nspec:\n  driver: fake\n${spec}---\n`;
}

const PROFILE = `apiVersion: ironwright/v1
kind: Profile
metadata: { name: lab }
spec:
  traits: [CUSTOM_LAB]
  provision:
    steps:
      - interface: bios
        step: factory_rest
        priority: 90
`;
const TEMPLATES = `apiVersion: ironwright/v1
kind: DeployTemplate
metadata: { name: a }
spec:
  traits: [CUSTOM_LAB]
  steps: [{ interface: bios, step: factory_reset, priority: 90 }]
---
apiVersion: ironwright/v1
kind: DeployTemplate
metadata: { name: b }
spec:
  traits: [CUSTOM_LAB]
  steps: [{ interface: bios, step: factory_reset, priority: 80 }]
---
apiVersion: ironwright/v1
kind: Runbook
metadata: { name: flash }
spec:
  flow: clean
  traits: [CUSTOM_LAB]
  steps:
    - interface: bios
      step: apply_configuration
      args: { settings: fast }
`;
const REQUESTS = `  requests:
    - id: a
      action: clean
      expires: 2099-12-01
      runbook: flash
    - id: b
      action: service
      expires: 2099-12-01
      steps:
        - { interface: power, step: hold }
        - { interface: power, step: wait, args: { minutes: 5 } }
    - { id: c, action: nmi, expires: 2020-01-01 }
`;

function aRepo(): Promise<TempRepo> {
  return tempRepo({
    "inventory/nodes.yaml": `${node("n1", `  profiles: [lab]\n${REQUESTS}`)}${node("n2", "  profiles: [lab]\n")}${node("n3", "  provision: { state: active }\n")}`,
    "inventory/profile.yaml": PROFILE,
    "inventory/templates.yaml": TEMPLATES,
  });
}

/** What must be said: each place once, whoever shares it. */
const SAID = [
  "inventory/nodes.yaml:17:51  error  n1: power.wait: it takes no argument minutes; there are seconds   IW-I18",
  "inventory/nodes.yaml:18:7  warning  n1: the request c (nmi) expired at 2020-01-01; it never runs, take it out   IW-I17",
  "inventory/nodes.yaml:32:16  error  n3: state: active needs provision.image.url or provision.image.name",
  "inventory/profile.yaml:9:9  error  n1 and 1 other: no interface of fake offers the deploy step bios.factory_rest; did you mean bios.factory_reset?   IW-I18",
  "inventory/templates.yaml:13:11  error  n1 and 1 other: the templates a and b both name bios.factory_reset and both are for this node; the other one is at inventory/templates.yaml:6:11   IW-I19",
  "inventory/templates.yaml:24:15  error  n1: bios.apply_configuration: the argument settings is text; it must be a list   IW-I18",
];

test.each([["validate"], ["plan"], ["apply", "--yes"]])(
  "%s refuses steps that can't run, each at its file:line:column and once",
  async (...args) => {
    const { dir } = await aRepo();
    const { code, out, err } = await runCli(dir, args);
    const text = `${out}${err}`;
    expect(code).toBe(3);
    for (const line of SAID) expect(text).toContain(line);
    const places = SAID.map((line) => text.indexOf(line));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(text).toContain(
      "> 17 |         - { interface: power, step: wait, args: { minutes: 5 } }",
    );
    expect(text.match(/factory_rest;/g)).toHaveLength(1);
    expect(text).not.toMatch(/at .*\.js:\d+/);
  },
);

test("commands that only look don't ask for that much", async () => {
  const { dir } = await aRepo();
  expect((await runCli(dir, ["show", "n2", "--rendered"])).code).toBe(0);
});

test("a person's list of steps is right, and validate says so", async () => {
  const repo = await tempRepo({
    "inventory/a.yaml": node(
      "n1",
      "  traits: [CUSTOM_LAB]\n  requests:\n    - { id: a, action: clean, expires: 2099-12-01, runbook: flash }\n",
    ),
    "inventory/b.yaml": TEMPLATES.slice(TEMPLATES.lastIndexOf("---")).replace(
      "settings: fast",
      "settings: [{ name: x, value: y }]",
    ),
  });
  const { code, out } = await runCli(repo.dir, ["validate"]);
  expect([code, out]).toEqual([0, "valid: 1 node, 0 warnings\n"]);
});

test("schema prints the documents of steps", async () => {
  const { dir } = await tempRepo();
  for (const kind of ["DeployTemplate", "Runbook"]) {
    const { code, out } = await runCli(dir, ["schema", kind]);
    const schema = JSON.parse(out) as { title: string; properties: { kind: { const: string } } };
    expect([code, schema.title, schema.properties.kind.const]).toEqual([0, kind, kind]);
  }
  expect((await runCli(dir, ["schema", "Runbok"])).err).toContain("DeployTemplate, Runbook");
});

test("validate judges a Runbook and a template that no node uses", async () => {
  const repo = await tempRepo({
    "inventory/a.yaml": node("n1", "  power: on\n"),
    "inventory/b.yaml": `${TEMPLATES}---
apiVersion: ironwright/v1
kind: DeployTemplate
metadata: { name: c }
spec:
  traits: [CUSTOM_AWAY]
  steps: [{ interface: bios, step: factory_rest, priority: 90 }]
`,
  });
  const { code, out } = await runCli(repo.dir, ["validate"]);
  expect(code).toBe(3);
  expect(out).toContain(
    "inventory/b.yaml:24:15  error  Runbook flash (used by no node): bios.apply_configuration: the argument settings is text; it must be a list   IW-I18",
  );
  expect(out).toContain(
    "inventory/b.yaml:31:30  error  DeployTemplate c (used by no node): no hardware type offers the deploy step bios.factory_rest; did you mean bios.factory_reset?   IW-I18",
  );
});
