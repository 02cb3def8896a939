import { answer } from "./answer.ts";
import { CommandError, type CommandInput } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { loadPlace, storeError, withActing } from "./world.ts";

/** `migrate store`: from now on it is written in the newest format, which engines of the version before can't read. */
export async function migrateStore(input: CommandInput): Promise<ExitCode> {
  const [, second] = input.args;
  if (second !== undefined)
    throw new CommandError(
      EXIT.usage,
      `migrate store takes nothing else; a file of that name is ./store (${second} was given)`,
    );
  const place = await loadPlace(input);
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
