import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { git } from "../git-program.ts";
import { groupBy } from "./group-by.ts";
import type { HallMachine } from "./simulated-hall.ts";

/** What git says of one node: `spec` is lines of YAML below the profile's. */
export interface DeclaredNode {
  readonly name: string;
  readonly rack: string;
  readonly spec: readonly string[];
}

/** A Redfish node of the hall, with what else is declared of it. */
export function hallNode(
  { name, rack, serial, address }: HallMachine,
  spec: readonly string[],
): DeclaredNode {
  const at = `bmc: { address: "${address}", system: /redfish/v1/Systems/${name} }`;
  return { name, rack, spec: ["profiles: [hall]", `identity: { serial: ${serial} }`, at, ...spec] };
}

/** Made for quick machines; a Policy lets all of them be away at once. */
export const HALL_PROFILE = `apiVersion: ironwright/v1
kind: Profile
metadata: { name: hall }
spec:
  driver: redfish
  bmc: { username: admin, password: { env: BMC_PASSWORD } }
  clean: { automated: none }
  interfaces: { deploy: noop }
---
apiVersion: ironwright/v1
kind: Policy
metadata: { name: hall }
spec: { budget: { destructive: 100%, reboot: 100%, perRack: 1000 }, overBudget: queue }
`;

/** A file for each rack, so that a commit touches what it changes. */
export function rackFiles(nodes: readonly DeclaredNode[]): ReadonlyMap<string, string> {
  const racks = groupBy(nodes, ({ rack }) => rack);
  return new Map(
    [...racks].map(([rack, its]) => [`inventory/${rack}.yaml`, its.map(documentOf).join("---\n")]),
  );
}

function documentOf({ name, rack, spec }: DeclaredNode): string {
  const head = `apiVersion: ironwright/v1\nkind: Node\nmetadata: { name: ${name}, labels: { rack: ${rack} } }\nspec:\n`;
  return `${head}${spec.map((line) => `  ${line}\n`).join("")}`;
}

/** Writes files and commits them with the real git; answers the commit. */
export function commit(
  dir: string,
  files: Iterable<readonly [string, string]>,
  message: string,
): string {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  git(dir, "add", "inventory", "ironwright.yaml", ".gitignore");
  git(dir, "commit", "--quiet", "--allow-empty", "-m", message);
  return git(dir, "rev-parse", "HEAD");
}
