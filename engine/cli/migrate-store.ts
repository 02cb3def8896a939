import { STORE_FORMAT } from "../../schemas/store-format.ts";
import { writtenIn } from "../../schemas/store.ts";
import { answer } from "./answer.ts";
import { CommandError, type CommandInput, flag, refuseOptions } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { loadPlace, needReader, type Place, storeError, withActing } from "./world.ts";

/**
 * `migrate store`: from now on it is written in the newest format, which engines of the version before can't read. With
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
  if (flag(input, "check") || flag(input, "dryRun")) return showFormat(input, place);
  input.io.log(
    "info",
    "looking for engines of the version before; this takes as long as a lease lives",
  );
  const raised = await withActing(input, place, (store) => store.raiseFormat());
  if (!raised.ok) {
    const { code, kind } = raised.failure;
    if (kind === "conflict") throw new CommandError(EXIT.lease, raised.failure.message, code);
    throw storeError(raised.failure);
  }
  const { from, to } = raised.value;
  answer(input, { store: place.stateDir, from, to }, () =>
    from === to
      ? `nothing to migrate: the store in ${place.stateDir} is written in format ${to}\n`
      : `the store in ${place.stateDir} is written in format ${to} from now on, before it was ${from}; engines of the version before cannot read it any more\n`,
  );
  return EXIT.done;
}

async function showFormat(input: CommandInput, place: Place): Promise<ExitCode> {
  const from = writtenIn((await needReader(input, place)).file);
  const isOld = from !== STORE_FORMAT;
  answer(input, { store: place.stateDir, from, to: STORE_FORMAT }, () =>
    isOld
      ? `the store in ${place.stateDir} is written in format ${from}, and would be in ${STORE_FORMAT}; nothing was changed\n`
      : `nothing to migrate: the store in ${place.stateDir} is written in format ${from}\n`,
  );
  return isOld && flag(input, "check") ? EXIT.pending : EXIT.done;
}
