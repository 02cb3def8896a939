import { STORE_FORMAT } from "../../schemas/store-format.ts";
import type { Failure } from "../../schemas/failure.ts";
import { storeFileSchema, writtenIn } from "../../schemas/store.ts";
import { Layout } from "../run/store/layout.ts";
import { moveStore } from "../run/store/move-store.ts";
import { anyStoreFailure, readJson } from "../run/store/store-files.ts";
import type { StorePorts } from "../run/store/store-ports.ts";
import { answer } from "./answer.ts";
import { CommandError, type CommandInput, flag, refuseOptions } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { otherBackend, storeOf } from "./store-place.ts";
import {
  loadPlace,
  needReader,
  needStore,
  type Place,
  refuseReadOnly,
  storeError,
  withActing,
} from "./world.ts";

/**
 * `migrate store`: where the settings name another backend than the store has, it is moved there; else from now on it is written in the newest format, which engines of the version before can't read. With
 * `--check` or `--dry-run` nothing is written; the first answers 2 where it would be.
 */
export async function migrateStore(input: CommandInput): Promise<ExitCode> {
  const [, second] = input.args;
  if (second !== undefined)
    throw new CommandError(
      EXIT.usage,
      `migrate store takes nothing else; a file of that name is ./store (${second} was given)`,
    );
  refuseOptions(input, ["from", "out", "force"], "is for exports, and a store is none");
  if (input.common.ref !== undefined)
    throw new CommandError(EXIT.usage, "--ref: a store is of no commit; leave it out");
  const place = await loadPlace(input);
  const move = await pendingMove(input, place);
  if (move !== null) return moveTo(input, place, move);
  if (flag(input, "check") || flag(input, "dryRun")) return showFormat(input, place);
  input.io.log(
    "info",
    "looking for engines of the version before; this takes as long as a lease lives",
  );
  const raised = await withActing(input, place, (store) => store.raiseFormat());
  if (!raised.ok) throw refusal(raised.failure);
  const { from, to } = raised.value;
  const store = (await needStore(input, place)).files.place(place.stateDir);
  answer(input, { store, from, to }, () =>
    from === to
      ? `nothing to migrate: the store in ${store} is written in format ${to}\n`
      : `the store in ${store} is written in format ${to} from now on, before it was ${from}; engines of the version before cannot read it any more\n`,
  );
  return EXIT.done;
}

/** Another engine's doing is 5, as any lease that is held. */
function refusal(why: Failure): CommandError {
  return why.kind === "conflict"
    ? new CommandError(EXIT.lease, why.message, why.code)
    : storeError(why);
}

/** The store is kept by the backend that the settings do not name any more. */
interface PendingMove {
  readonly from: StorePorts;
  readonly to: StorePorts;
}

async function pendingMove(input: CommandInput, place: Place): Promise<PendingMove | null> {
  const other = otherBackend(place);
  if (other === null) return null;
  const to = await needStore(input, place);
  const { storeFile } = new Layout(place.stateDir);
  try {
    const here = await readJson(to.files, storeFile, storeFileSchema);
    if (here !== null && here.movedTo === undefined) return null;
    const from = await storeOf(input, place, other);
    if (!from.ok) throw storeError(from.failure);
    const there = await readJson(from.value.files, storeFile, storeFileSchema);
    const isOurs = there !== null && there.id === place.settings.store;
    // Both were left: the one that was left last says where the store is.
    const isThere = isOurs && (there.movedTo === undefined || there.epoch > (here?.epoch ?? 0));
    return isThere ? { from: from.value, to } : null;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw storeError(anyStoreFailure(place.stateDir, error));
  }
}

async function moveTo(
  input: CommandInput,
  place: Place,
  { from, to }: PendingMove,
): Promise<ExitCode> {
  const dir = place.stateDir;
  const [was, is] = [from.files.place(dir), to.files.place(dir)];
  if (flag(input, "check") || flag(input, "dryRun")) {
    answer(
      input,
      { store: place.settings.store, from: was, to: is },
      () => `the store would be moved from ${was} to ${is}; nothing was changed\n`,
    );
    return flag(input, "check") ? EXIT.pending : EXIT.done;
  }
  refuseReadOnly(input, place, false);
  input.io.log("info", "looking for engines at work; this takes as long as a lease lives");
  const actor = { name: "migrate-store", role: "command", host: input.house.host } as const;
  const moved = await moveStore({ dir, from, to, actor });
  if (!moved.ok) throw refusal(moved.failure);
  const { id, files, killed } = moved.value;
  answer(input, moved.value, () =>
    [
      `the store ${id} is kept in ${is} from now on: ${files} files were carried over and compared\n`,
      killed.length === 0 ? "" : `declared dead, for ever: ${killed.join(", ")}\n`,
      `${was} grants nothing any more; what it held is left there\n`,
      "next: commit the settings, and start the engines with them\n",
    ].join(""),
  );
  return EXIT.done;
}

async function showFormat(input: CommandInput, place: Place): Promise<ExitCode> {
  const from = writtenIn((await needReader(input, place)).file);
  const isOld = from !== STORE_FORMAT;
  const store = (await needStore(input, place)).files.place(place.stateDir);
  answer(input, { store, from, to: STORE_FORMAT }, () =>
    isOld
      ? `the store in ${store} is written in format ${from}, and would be in ${STORE_FORMAT}; nothing was changed\n`
      : `nothing to migrate: the store in ${store} is written in format ${from}\n`,
  );
  return isOld && flag(input, "check") ? EXIT.pending : EXIT.done;
}
