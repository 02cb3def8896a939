import { oneLine } from "../net/plain-words.ts";
import { type Failure, failure } from "../../schemas/failure.ts";
import type { LogLine, SecureBootReading, TaskReading } from "../../schemas/observation.ts";
import type { JsonObject } from "../net/read-json.ts";
import type { Bmc } from "./bmc.ts";
import type { Read } from "./read-system.ts";
import { linkAt, membersOf, objectAt, objectsAt, pathOf, textAt } from "./resource.ts";

function offersNot(bmc: Bmc, what: string): { readonly why: Failure } {
  const fact = `${bmc.wire.thing} does not offer ${what}`;
  return { why: failure("stalled", "IW-B18", `${fact}; it may need newer firmware`) };
}

/** Secure boot of a system (DSP0268 SecureBoot). */
export async function readSecureBoot(
  bmc: Bmc,
  system: JsonObject,
  signal?: AbortSignal,
): Promise<Read<SecureBootReading>> {
  const path = linkAt(system, "SecureBoot");
  if (path === undefined) return offersNot(bmc, "System.SecureBoot");
  const read = await bmc.read(path, signal);
  if (!read.ok) return { why: read.failure };
  const enabled = read.value.body["SecureBootEnable"];
  if (typeof enabled !== "boolean") return offersNot(bmc, "SecureBoot.SecureBootEnable");
  const current = textAt(read.value.body, "SecureBootCurrentBoot");
  return { value: { enabled, currentBoot: current === undefined ? null : current === "Enabled" } };
}

/** BIOS attributes (DSP0268 Bios.Attributes); values that are no scalar are left out. */
export async function readBios(
  bmc: Bmc,
  system: JsonObject,
  signal?: AbortSignal,
): Promise<Read<Readonly<Record<string, string | number | boolean | null>>>> {
  const path = linkAt(system, "Bios");
  if (path === undefined) return offersNot(bmc, "System.Bios");
  const read = await bmc.read(path, signal);
  if (!read.ok) return { why: read.failure };
  const value: Record<string, string | number | boolean | null> = {};
  for (const [name, setting] of Object.entries(objectAt(read.value.body, "Attributes"))) {
    if (isScalar(setting) && name !== "__proto__") value[name] = setting;
  }
  return { value };
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

/** Words of DSP0268 Task.TaskState after which nothing more happens. */
const ENDED_TASKS = new Set(["Completed", "Killed", "Exception", "Cancelled"]);

/** Newest tasks that are looked at: BMCs keep hundreds of ended ones. */
const TASKS_READ_MAX = 32;

/** Ended tasks that one BMC's memory holds. */
const ENDED_REMEMBERED_MAX = 1024;

/** How long a task counts as ended without being read again: a BMC that was reset gives old numbers to new tasks. */
const ENDED_REMEMBERED_MS = 60_000;

/** Tasks that run on the BMC, ours or a stranger's; a BMC without a TaskService has none. */
export async function readTasks(
  bmc: Bmc,
  signal?: AbortSignal,
): Promise<Read<readonly TaskReading[]>> {
  const path = await bmc.tasksPath(signal);
  if (!path.ok) return { why: path.failure };
  if (path.value === undefined) return { value: [] };
  const list = await bmc.members(path.value, signal);
  if (!list.ok) return { why: list.failure };
  const running: TaskReading[] = [];
  const open = newestFirst(list.value).filter((uri) => !isEnded(bmc, uri));
  for (const uri of open.slice(0, TASKS_READ_MAX)) {
    const read = await bmc.read(uri, signal);
    // A task that was there a moment ago and is gone has ended.
    if (!read.ok && read.failure.code === "IW-B18") continue;
    if (!read.ok) return { why: read.failure };
    const state = oneLine(textAt(read.value.body, "TaskState") ?? "unknown");
    if (!ENDED_TASKS.has(state)) {
      running.push({ uri, name: oneLine(textAt(read.value.body, "Name") ?? uri), state });
    } else if (bmc.endedTasks.size < ENDED_REMEMBERED_MAX) {
      bmc.endedTasks.set(uri, bmc.monotonic());
    }
  }
  return { value: running };
}

function isEnded(bmc: Bmc, uri: string): boolean {
  const at = bmc.endedTasks.get(uri);
  if (at === undefined) return false;
  if (bmc.monotonic() - at < ENDED_REMEMBERED_MS) return true;
  bmc.endedTasks.delete(uri);
  return false;
}

/** By the number that ends a path, highest first; Redfish promises no order. */
function newestFirst(paths: readonly string[]): readonly string[] {
  const number = (path: string): number => Number(/(\d+)\/?$/.exec(path)?.[1] ?? "0");
  return paths.toSorted((a, b) => number(b) - number(a));
}

/** Lines of the event log that are kept: enough to explain a power that moved. */
const LOG_LINES_MAX = 10;

/** LogServices by preference: the system's event log has power buttons and resets in it. */
const LOG_PREFERENCE = [/sel$/i, /event/i, /log/i];

/** The last lines of the machine's event log, newest first. */
export async function readEventLog(
  bmc: Bmc,
  system: JsonObject,
  signal?: AbortSignal,
): Promise<Read<readonly LogLine[]>> {
  const services = linkAt(system, "LogServices");
  if (services === undefined) return offersNot(bmc, "System.LogServices");
  const list = await bmc.read(services, signal);
  if (!list.ok) return { why: list.failure };
  const members = membersOf(list.value.body);
  const chosen =
    LOG_PREFERENCE.map((word) => members.find((path) => word.test(path))).find(
      (path) => path !== undefined,
    ) ?? members[0];
  if (chosen === undefined) return offersNot(bmc, "a LogService");
  const service = await bmc.read(chosen, signal);
  if (!service.ok) return { why: service.failure };
  const entries = linkAt(service.value.body, "Entries") ?? pathOf(`${chosen}/Entries`);
  if (entries === undefined) return offersNot(bmc, "LogService.Entries");
  const read = await bmc.read(entries, signal);
  if (!read.ok) return { why: read.failure };
  const lines = objectsAt(read.value.body, "Members")
    .map((entry) => ({
      at: oneLine(textAt(entry, "Created") ?? ""),
      message: oneLine(textAt(entry, "Message") ?? ""),
    }))
    .filter((line) => line.message !== "");
  return {
    value: lines
      .toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at) || 0)
      .slice(0, LOG_LINES_MAX),
  };
}
