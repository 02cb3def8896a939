import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { editDocument } from "../../../inventory/edit-document.ts";
import { loadFleet } from "../../../inventory/load-fleet.ts";
import { keysOf } from "../../plan/match-records.ts";
import { unitOf } from "../../../schemas/bmc-unit.ts";
import { API_VERSION } from "../../../schemas/documents.ts";
import type { Fleet } from "../../../schemas/fleet.ts";
import { failure, type Result } from "../../../schemas/failure.ts";
import type { StoreFile } from "../../../schemas/store.ts";
import {
  declareMoved,
  declareRestored,
  initStore,
  type NewStore,
  replaceStore,
} from "../../run/store/init-store.ts";
import { requestIdsInGit } from "../../../inventory/request-ids.ts";
import { findRepository } from "../../../inventory/committed-tree.ts";
import { answer } from "../answer.ts";
import { type Command, CommandError, type CommandInput, flag, textOption } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { personAt } from "../person.ts";
import type { StorePorts } from "../../run/store/store-ports.ts";
import { hasStore, isElsewhere } from "../store-place.ts";
import { loadPlace, loadWorld, needStore, type Place, storeError } from "../world.ts";

/** `init`: makes the store; scaffolds an inventory when there is none. */
export const initCommand: Command = {
  name: "init",
  summary: "make the store of this fleet; scaffold an inventory when there is none",
  options: [
    {
      flags: "--nodes <word>",
      description:
        "what is declared now is: existing (never cleaned, deployed or powered off by inference) or new",
      default: "existing",
    },
    {
      flags: "--replace-store",
      description: "the store is lost: make a new one, every node is existing",
    },
    { flags: "--moved", description: "the state directory was moved, and the old one is gone" },
    {
      flags: "--restored",
      description: "the state directory came from a backup: forget what it says was done",
    },
  ],
  examples: ["ironwright init", "ironwright init --nodes new", "ironwright init --replace-store"],
  async run(input) {
    const { common } = input;
    if (common.readOnly)
      throw new CommandError(
        EXIT.refused,
        "--read-only: init writes, and nothing was done",
        "IW-B16",
      );
    const nodes = textOption(input, "nodes") ?? "existing";
    if (nodes !== "existing" && nodes !== "new")
      throw new CommandError(EXIT.usage, `--nodes "${nodes}" is none of existing, new`);
    const place = await loadPlace(input);
    refuseBare(place);
    const ports = await needStore(input, place);
    // A store that only moved keeps what it knows.
    const spentRequests = flag(input, "moved") ? null : await spentIn(place);
    const meant = {
      store: place.settings.store,
      witnessDir: place.witnessDir,
      spentRequests,
      ...(flag(input, "restored") ? await declaredNow(input) : {}),
    };
    if (flag(input, "moved"))
      return told(
        input,
        await declareMoved(place.stateDir, meant, ports),
        "is the store's place now",
      );
    if (flag(input, "restored"))
      return told(
        input,
        await declareRestored(place.stateDir, meant, ports),
        "was declared restored; every node is existing and unobserved",
      );
    const replace = flag(input, "replaceStore");
    await refuseSecond(input, place, ports, replace);
    const scaffolded = scaffold(place);
    const store = await makeStore(input, place, { nodes, replace, spentRequests, ports });
    const data = {
      store: store.id,
      fleet: store.fleet,
      state: ports.files.place(place.stateDir),
      scaffolded,
      spentRequests,
    };
    answer(
      input,
      data,
      () =>
        `${madeText(place, ports.files.place(place.stateDir), store.id, scaffolded)}${spentText(spentRequests)}next: ironwright plan\n`,
    );
    return EXIT.done;
  },
};

/** After a loss nobody knows which requests ran: all that git ever held count as used; null when it can't tell. */
async function spentIn({ root, settings }: Place): Promise<readonly string[] | null> {
  const { ids, complete } = await requestIdsInGit(root, settings.inventory);
  return complete ? ids : null;
}

async function declaredNow(input: CommandInput): Promise<Pick<NewStore, "names" | "machines">> {
  const { fleet } = await loadWorld(input);
  return { names: fleet.nodes.map(({ name }) => name), machines: machinesIn(fleet) };
}

function machinesIn({ nodes }: Fleet): readonly string[] {
  return nodes.flatMap(({ spec: { identity, bmc } }) =>
    keysOf(identity, bmc?.address, unitOf(bmc ?? {})),
  );
}

function spentText(spent: readonly string[] | null): string {
  if (spent === null)
    return "this clone is shallow, so no request will run: fetch the whole history, then init again\n";
  if (spent.length === 0) return "";
  const some = spent.slice(0, 5).join(", ") + (spent.length > 5 ? ", ..." : "");
  return `${spent.length} request ${spent.length === 1 ? "id" : "ids"} in git's history count as used: ${some}\n`;
}

function madeText(
  { settings }: Place,
  where: string,
  id: string,
  scaffolded: string | null,
): string {
  const example =
    scaffolded === null
      ? ""
      : `wrote ${scaffolded}: one fake machine, to try the ways; replace it by your own\n`;
  return `${example}made the store ${id} in ${where}\nwrote store and fleet into ironwright.yaml; commit it: git add ironwright.yaml ${settings.inventory}\n`;
}

function told(input: CommandInput, made: Result<StoreFile>, what: string): typeof EXIT.done {
  if (!made.ok) throw storeError(made.failure);
  const { id } = made.value;
  answer(input, { store: id, is: what }, `store ${id}: the directory ${what}\n`);
  return EXIT.done;
}

/** It writes ironwright.yaml for a person to commit. */
function refuseBare({ root }: Place): void {
  if (findRepository(root)?.bare !== true) return;
  throw new CommandError(
    EXIT.invalid,
    `${root} is a bare repository, and init writes files to be committed; run it in a clone, with --state DIR where the daemon will have it`,
    "IW-I14",
  );
}

/** A second store for the same fleet would act beside the first. */
async function refuseSecond(
  input: CommandInput,
  place: Place,
  { files }: StorePorts,
  replace: boolean,
): Promise<void> {
  if (replace) return;
  const { settings } = place;
  const stateDir = files.place(place.stateDir);
  const here = await hasStore(files, place.stateDir);
  if (here && settings.store !== undefined)
    throw new CommandError(
      EXIT.invalid,
      `there is a store already in ${stateDir}; nothing was changed`,
      "IW-S02",
    );
  if (!here && settings.store !== undefined) {
    const message = `ironwright.yaml names the store ${settings.store}, which is not in ${stateDir}; say where it is (--state DIR), or when it is lost: ironwright init --replace-store`;
    throw storeError(await isElsewhere(input, place, failure("stalled", "IW-S02", message)));
  }
}

const EXAMPLE = `apiVersion: ${API_VERSION}
kind: Node
metadata:
  name: example
  labels: { rack: r1 }
spec:
  driver: fake            # in memory; a real machine: driver: redfish, and bmc: { address: https://... }
  provision: { state: available }
  power: on
`;

function scaffold({ root, settings }: Place): string | null {
  const folder = join(root, settings.inventory);
  if (existsSync(folder)) return null;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "example.yaml"), EXAMPLE);
  return `${settings.inventory}/example.yaml`;
}

async function makeStore(
  input: CommandInput,
  place: Place,
  how: {
    readonly nodes: "existing" | "new";
    readonly replace: boolean;
    readonly spentRequests: readonly string[] | null;
    readonly ports: StorePorts;
  },
): Promise<StoreFile> {
  const { house } = input;
  const { settings, root } = place;
  const path = join(root, place.settingsPath ?? "ironwright.yaml");
  const before = existsSync(path) ? readFileSync(path, "utf8") : null;
  const fresh = how.replace || settings.store === undefined;
  const id = (fresh ? undefined : settings.store) ?? uuid(house.random.hex(16));
  const fleetId = settings.fleet ?? uuid(house.random.hex(16));
  writeFileSync(path, withIds(before ?? "", id, fleetId));
  try {
    const store = await newStore(input, place, { id, fleetId, ...how });
    const make = how.replace ? replaceStore : initStore;
    const made = await make(place.stateDir, store, how.ports);
    if (!made.ok) throw storeError(made.failure);
    return made.value;
  } catch (error) {
    // Ids without a store would only make the next init refuse.
    if (before === null) rmSync(path);
    else writeFileSync(path, before);
    throw error;
  }
}

/** What the store is to know of the inventory as it is now. */
async function newStore(
  input: CommandInput,
  { settings, root, settingsPath }: Place,
  how: {
    readonly id: string;
    readonly fleetId: string;
    readonly nodes: "existing" | "new";
    readonly spentRequests: readonly string[] | null;
  },
): Promise<NewStore> {
  const { id, fleetId, nodes, spentRequests } = how;
  const { fleet, diagnostics } = await loadFleet({
    dir: root,
    settings: { ...settings, store: id, fleet: fleetId },
    settingsPath: settingsPath ?? "ironwright.yaml",
  });
  const wrong = diagnostics.find(({ severity }) => severity === "error");
  if (fleet === null) {
    const first = wrong === undefined ? "" : `${wrong.file}:${wrong.line} ${wrong.message}; `;
    const message = `${first}mend the inventory first (ironwright validate), then init again`;
    throw new CommandError(EXIT.invalid, message, wrong?.code ?? null);
  }
  return {
    id,
    fleet: fleetId,
    ttlSeconds: settings.lease.ttlSeconds,
    nodes,
    spentRequests,
    names: fleet.nodes.map((node) => node.name),
    machines: machinesIn(fleet),
    tree: fleet.tree,
    verify: settings.git.verify !== undefined,
    commit: fleet.commit.id,
    by: personAt(input),
  };
}

/** Both ids, with comments and order of the file kept. */
function withIds(text: string, store: string, fleet: string): string {
  const start =
    text.trim() === ""
      ? `# Settings of ironwright; see its README. Commit this file.\napiVersion: ${API_VERSION}\n`
      : text;
  const first = editDocument(start, ["store"], store);
  const second = first === null ? null : editDocument(first, ["fleet"], fleet);
  if (second === null)
    throw new CommandError(
      EXIT.invalid,
      "ironwright.yaml cannot be read as YAML; mend it first",
      "IW-S01",
    );
  return second;
}

/** A version 4 UUID (RFC 9562) of random hex. */
function uuid(hex: string): string {
  const variant = ((Number.parseInt(hex[16] ?? "0", 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
