import { resolve } from "node:path";
import {
  hookStatus,
  type HookStatus,
  installHook,
  uninstallHook,
} from "../../../inventory/follow/hook.ts";
import { inWords } from "../../plan/durations.ts";
import type { Result } from "../../../schemas/failure.ts";
import { answer } from "../answer.ts";
import {
  type Command,
  CommandError,
  type CommandInput,
  listOption,
  textOption,
} from "../command.ts";
import { EXIT } from "../exit-code.ts";

const ACTIONS = ["install", "uninstall", "status"] as const;
type Action = (typeof ACTIONS)[number];

/** `hook install`, `hook uninstall`, `hook status`. */
export const hookCommand: Command = {
  name: "hook",
  arguments: "<action>",
  completes: "words",
  words: ACTIONS,
  summary: "a post-receive hook that wakes the daemon after a push: install, uninstall or status",
  options: [
    { flags: "--repository <dir>", description: "the repository that is pushed to (default: -C)" },
    {
      flags: "--wake <file>",
      description:
        "touch this too: the wake file that a daemon names which follows a URL (repeatable)",
      repeat: true,
    },
  ],
  examples: [
    "ironwright hook install --repository /srv/inventory.git",
    "ironwright hook status -C /srv/inventory.git",
  ],
  run(input) {
    const action = ACTIONS.find((one) => one === input.args[0]);
    if (action === undefined)
      throw new CommandError(
        EXIT.usage,
        `write: ironwright hook install, hook uninstall or hook status`,
      );
    if (input.common.readOnly && action !== "status")
      throw new CommandError(
        EXIT.refused,
        `--read-only: hook ${action} writes, and nothing was done`,
        "IW-B16",
      );
    const dir = resolve(input.io.cwd, textOption(input, "repository") ?? input.common.dir);
    const done = act(action, dir, input);
    if (!done.ok) throw new CommandError(EXIT.invalid, done.failure.message, done.failure.code);
    answer(input, done.value, () => told(action, done.value, input.house.clock.now()));
    return Promise.resolve(EXIT.done);
  },
};

function act(action: Action, dir: string, input: CommandInput): Result<HookStatus> {
  if (action === "status") return hookStatus(dir);
  if (action === "uninstall") return uninstallHook(dir);
  const wakes = listOption(input, "wake").map((file) => resolve(input.io.cwd, file));
  return installHook(dir, wakes);
}

const STATE_WORDS = {
  installed: "wakes the daemon after each push",
  "not executable":
    "is ours and not executable, so git does not run it; run: ironwright hook install",
  none: "is not there: a push is seen by the watcher of refs on this host, or at the next poll",
  another: "is not ours and was left alone; to keep it and be woken too: ironwright hook install",
} as const satisfies Record<HookStatus["state"], string>;

function told(
  action: Action,
  { path, state, calls, wakes, wokeAt }: HookStatus,
  now: number,
): string {
  if (action === "uninstall" && state === "none") return `${path} is not there any more\n`;
  const woke = wokeAt === null ? "never" : `${inWords(Math.max(0, now - wokeAt) / 1000)} ago`;
  return [
    `${path} ${STATE_WORDS[state]}\n`,
    calls === null ? "" : `  then it calls ${calls}, which was there before\n`,
    ...wakes.map((file) => `  it touches ${file}\n`),
    wakes.length === 0 ? "" : `  it woke last: ${woke}\n`,
  ].join("");
}
