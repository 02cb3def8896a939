import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes an inventory of so many nodes below `dir/inventory`: one profile, and nodes in files of `perFile`. */
export function makeInventory(
  dir: string,
  how: { readonly nodes: number; readonly baseUrl?: string; readonly perFile?: number },
): void {
  const folder = join(dir, "inventory");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "profile.yaml"), PROFILE);
  const perFile = how.perFile ?? 1;
  for (let first = 0; first < how.nodes; first += perFile) {
    const documents: string[] = [];
    for (let i = first; i < Math.min(first + perFile, how.nodes); i += 1)
      documents.push(aNode(i, how.baseUrl));
    writeFileSync(
      join(folder, `nodes-${String(first).padStart(5, "0")}.yaml`),
      documents.join("---\n"),
    );
  }
}

const PROFILE = `apiVersion: ironwright/v1
kind: Profile
metadata: { name: compute }
spec:
  driver: redfish
  boot: { mode: uefi, device: disk }
  traits: [HW_CPU_X86_VMX]
`;

function aNode(index: number, baseUrl = "https://bmc.test"): string {
  const name = `n${String(index).padStart(5, "0")}`;
  return `apiVersion: ironwright/v1
kind: Node
metadata:
  name: ${name}
  labels: { rack: r${Math.floor(index / 40)}, zone: a }
spec:
  profiles: [compute]
  identity: { manufacturer: Dell, serial: S${index}, systemUuid: 00000000-0000-4000-8000-${String(index).padStart(12, "0")} }
  bmc:
    address: ${baseUrl}
    system: /redfish/v1/Systems/${name}
    username: admin
    password: { env: BMC_PASSWORD }
  provision: { state: adopted }
  power: on
`;
}

/** Writes an inventory of so many fake nodes that are to be active, in one file, 40 to a rack. */
export function makeFakes(dir: string, nodes: number): void {
  const folder = join(dir, "inventory");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "profile.yaml"), FAKE_PROFILE);
  const documents = Array.from({ length: nodes }, (_, index) => aFake(index));
  writeFileSync(join(folder, "nodes.yaml"), documents.join("---\n"));
}

const FAKE_PROFILE = `apiVersion: ironwright/v1
kind: Profile
metadata: { name: fake }
spec:
  driver: fake
  provision:
    state: active
    image: { name: debian-13, url: https://images.test/debian-13.raw, checksum: "sha256:${"0".repeat(64)}" }
  power: on
`;

function aFake(index: number): string {
  const name = `n${String(index).padStart(5, "0")}`;
  return `apiVersion: ironwright/v1
kind: Node
metadata: { name: ${name}, labels: { rack: r${Math.floor(index / 40)} } }
spec: { profiles: [fake], identity: { serial: fake-${name} } }
`;
}
