import { expect, test } from "vitest";
import { parse } from "yaml";
import { runCli } from "../../support/run-cli.ts";
import { tempRepo } from "../../support/temp-repo.ts";

const NODE = `apiVersion: ironwright/v1
kind: Node
metadata: { name: n1 }
spec: { driver: fake, provision: { state: available }, power: on }
`;

test("--json is one document on stdout for every command that answers, and -o yaml says the same", async () => {
  const repo = await tempRepo({ "inventory/a.yaml": NODE });
  for (const words of [
    ["init"],
    ["plan"],
    ["status"],
    ["show", "n1"],
    ["show", "n1", "--rendered"],
    ["explain", "n1"],
    ["observe", "n1"],
    ["history", "n1"],
    ["wait", "n1", "--for", "off"],
    ["hold", "n1", "--reason", "a fan"],
    ["holds"],
    ["release", "n1"],
    ["stop", "--reason", "wrong commit"],
    ["resume"],
    ["retry", "n1"],
    ["lease", "list"],
    ["schema", "Node"],
    ["version"],
  ]) {
    const { code, out, err } = await runCli(repo.dir, [...words, "--json"]);
    expect([words, code, err]).toEqual([words, 0, ""]);
    expect([words, typeof JSON.parse(out)]).toEqual([words, "object"]);
  }
  for (const words of [["status"], ["show", "n1"], ["holds"]]) {
    const json = await runCli(repo.dir, [...words, "-o", "json"]);
    const yaml = await runCli(repo.dir, [...words, "-o", "yaml"]);
    expect([words, parse(yaml.out)]).toEqual([words, JSON.parse(json.out)]);
  }
}, 120_000);

test("a form that a command does not have is wrong usage, and the forms are named", async () => {
  const repo = await tempRepo({ "inventory/a.yaml": NODE });
  for (const [words, said] of [
    [["status", "-o", "table"], "-o table: ironwright status prints text, json, yaml, wide, name"],
    [["plan", "-o", "wide"], "-o wide: ironwright plan prints text, json, yaml"],
    [["completion", "bash", "--json"], "-o json: ironwright completion prints one form only"],
  ] as const) {
    const { code, out, err } = await runCli(repo.dir, words);
    expect([code, out, err]).toEqual([64, "", expect.stringContaining(said)]);
  }
});
