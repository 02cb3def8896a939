import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { TOOLS, type Tool } from "../../../inventory/foreign/foreign-node.ts";
import { type ReadFile, readExport } from "../../../inventory/foreign/read-export.ts";
import { workingTree } from "../../../inventory/source-tree.ts";
import { StatCache } from "../../../inventory/stat-cache.ts";
import {
  type Command,
  CommandError,
  type CommandInput,
  refuseOptions,
  textOption,
} from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { migrateForeign } from "../migrate-foreign.ts";
import { migrateOwn, type OwnFile } from "../migrate-own.ts";
import { migrateStore } from "../migrate-store.ts";
import { loadPlace, stopAtErrors } from "../world.ts";

/** `-` among the files. */
const STDIN = "-";
/** Instead of files; a file of that name is `./store`. */
const STORE = "store";
/** What is read of stdin; a file is bounded where it is decoded. Bytes. */
const STDIN_MAX = 64 * 1024 * 1024 + 1;

/** `migrate`: exports of other tools become documents; what is of an older version becomes current: documents, settings, the store. */
export const migrateCommand: Command = {
  name: "migrate",
  arguments: "[file...]",
  completes: "file",
  summary:
    "make documents of Ironic's and Metal3's exports; bring documents to the newest apiVersion, or the store to the newest format",
  forms: [],
  options: [
    { flags: "--from <tool>", description: `${TOOLS.join(", ")} (guessed when left out)` },
    { flags: "--out <dir>", description: "an export: a file for each node, instead of stdout" },
    { flags: "--force", description: "with --out: overwrite files that are there" },
    { flags: "--check", description: "our documents: write nothing, exit 2 where some are old" },
    { flags: "--dry-run", description: "our documents: write nothing, print the difference" },
  ],
  examples: [
    "openstack baremetal node list --long -f json | ironwright migrate - --out inventory/hall-a",
    "ironwright migrate nodes.json ports.json portgroups.json chassis.json --out inventory/hall-a",
    "kubectl get bmh,secret -A -o yaml | ironwright migrate - > inventory/rack1.yaml",
    "ironwright migrate --dry-run",
    "ironwright migrate --check inventory/rack1.yaml",
    "ironwright migrate store",
  ],
  async run(input) {
    const { args, common } = input;
    if (args[0] === STORE) return migrateStore(input);
    if (common.ref !== undefined)
      throw new CommandError(EXIT.usage, "--ref: a commit cannot be written to; leave it out");
    const from = toolOption(input);
    if (args.length === 0) {
      refuseOptions(input, ["from", "out", "force"], "needs FILE, an export; - is stdin");
      return migrateOwn(input, await declaredFiles(input));
    }
    const files = await filesOf(input);
    const read = files.map(readExport);
    if (from === undefined && read.every(({ origin }) => origin === "own")) {
      refuseOptions(input, ["out", "force"], "is for exports, and these are documents of ours");
      return migrateOwn(input, files.map(placed));
    }
    refuseOptions(input, ["check", "dryRun"], "is for documents of ours, and these are none");
    return migrateForeign(input, read, from ?? guessed(input, read));
  },
};

function toolOption(input: CommandInput): Tool | undefined {
  const asked = textOption(input, "from");
  const tool = TOOLS.find((one) => one === asked);
  if (asked !== undefined && tool === undefined)
    throw new CommandError(EXIT.usage, `--from "${asked}" is none of ${TOOLS.join(", ")}`);
  return tool;
}

/** Files as they were named, each read once. */
async function filesOf({ args, io }: CommandInput): Promise<readonly OwnFile[]> {
  const files: OwnFile[] = [];
  for (const arg of new Set(args)) {
    const path = resolve(io.cwd, arg);
    if (arg === STDIN) files.push({ file: "stdin", path: "", bytes: await io.stdin(STDIN_MAX) });
    else if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
      throw new CommandError(EXIT.usage, `there is no file ${arg}; name an export, or - for stdin`);
    else files.push({ file: arg, path, bytes: readFileSync(path) });
  }
  return files;
}

/** What is written in place must have a place. */
function placed(file: OwnFile): OwnFile {
  if (file.path !== "") return file;
  throw new CommandError(EXIT.usage, "documents of ours are rewritten in place: name their files");
}

/** Every file of the inventory, as it lies in the working tree. */
async function declaredFiles(input: CommandInput): Promise<readonly OwnFile[]> {
  const { root, settings, settingsPath } = await loadPlace(input);
  if (!existsSync(resolve(root, settings.inventory)))
    throw new CommandError(
      EXIT.invalid,
      `there is no inventory: ${settings.inventory}/ does not exist; name the files, or run: ironwright init`,
      "IW-I12",
    );
  const { files, diagnostics } = workingTree(root, settings.inventory, new StatCache(null));
  stopAtErrors(input, diagnostics);
  const own = files.filter(({ path }) => path !== settingsPath);
  const documents = await Promise.all(
    own.map(async (file) => ({
      file: file.path,
      path: resolve(root, file.path),
      bytes: await file.read(),
    })),
  );
  if (settingsPath === null) return documents;
  const path = resolve(root, settingsPath);
  const { settingsVersions: versions } = input.house;
  return [...documents, { file: settingsPath, path, bytes: readFileSync(path), versions }];
}

/** Whose exports these are; one call makes documents of one tool's. */
function guessed({ io }: CommandInput, read: readonly ReadFile[]): Tool {
  const wrong = read.some(({ diagnostics }) => diagnostics.length > 0);
  const origins = [...new Set(read.map(({ origin }) => origin))];
  const tools = TOOLS.filter((tool) => origins.includes(tool));
  const [tool = "ironic", ...others] = tools;
  if (others.length > 0 || (tools.length > 0 && origins.includes("own")))
    throw new CommandError(
      EXIT.usage,
      `these files are of several origins (${origins.join(", ")}); migrate them one after the other`,
    );
  if (tools.length > 0) io.log("info", `read as an export of ${tool} (--from ${tool})`);
  else if (!wrong)
    throw new CommandError(
      EXIT.invalid,
      `${read.map(({ file }) => file).join(", ")}: neither an export of ${TOOLS.join(" or ")} nor documents of ours; hand in: openstack baremetal node list --long -f json, or kubectl get bmh -o yaml`,
      "IW-I15",
    );
  return tool;
}
