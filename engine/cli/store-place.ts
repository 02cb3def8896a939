import { type Failure, failure, ok, type Result } from "../../schemas/failure.ts";
import type { Settings } from "../../schemas/settings.ts";
import { type StoreFile, storeFileSchema } from "../../schemas/store.ts";
import { Layout } from "../run/store/layout.ts";
import { readJson } from "../run/store/store-files.ts";
import type { FilesPort, StorePorts } from "../run/store/store-ports.ts";
import type { CommandInput } from "./command.ts";

/** What of a place says where its store is. */
interface StorePlace {
  readonly settings: Settings;
  readonly root: string;
  readonly stateDir: string;
  readonly witnessDir: string;
}

/** Where a store may be kept. */
export type Backend = StoreFile["backend"];

/** What a store needs, over the backend that the settings name or over that one. */
export async function storeOf(
  { house, io }: Pick<CommandInput, "house" | "io">,
  { settings, root, stateDir, witnessDir }: StorePlace,
  backend: Backend = settings.lease.backend,
): Promise<Result<StorePorts>> {
  if (backend === "file") return ok(house.store);
  const files = await house.etcd({ settings, root, stateDir, witnessDir, env: io.env });
  return files.ok ? ok({ ...house.store, files: files.value }) : files;
}

export async function hasStore(files: FilesPort, dir: string): Promise<boolean> {
  return files.exists(new Layout(dir).storeFile);
}

/** The backend that the settings do not name; null where they say nothing of how to reach it. */
export function otherBackend({ settings }: StorePlace): Backend | null {
  if (settings.lease.backend === "etcd") return "file";
  return settings.etcd.endpoints.length > 0 ? "etcd" : null;
}

/**
 * Where there is no store: perhaps it is kept by the other backend. Which one it is is a property of the store, and
 * settings that say another are an error.
 */
export async function isElsewhere(
  input: CommandInput,
  place: StorePlace,
  why: Failure,
): Promise<Failure> {
  const other = otherBackend(place);
  if (why.code !== "IW-S02" || other === null) return why;
  const ports = await storeOf(input, place, other);
  if (!ports.ok) return why;
  const { files } = ports.value;
  const { storeFile } = new Layout(place.stateDir);
  const there = await readJson(files, storeFile, storeFileSchema).catch(() => null);
  if (there?.id !== place.settings.store || there === null) return why;
  const said = place.settings.lease.backend;
  const where = files.place(place.stateDir);
  const message =
    there.movedTo === undefined
      ? `lease.backend is ${said} in the settings, and the store ${there.id} is kept in ${where}; to move it, with every engine stopped: ironwright migrate store; else set it back: lease.backend: ${other}`
      : `the store ${there.id} was being moved from ${where} to ${there.movedTo.place}, and that was cut off; go on: ironwright migrate store`;
  return failure("stalled", "IW-S03", message);
}
