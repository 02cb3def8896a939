import type { ActAsk } from "../../../schemas/person-act.ts";
import { nextApply } from "../../plan/next-apply.ts";
import { type Command, CommandError, type CommandInput, flag, textOption } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { type ActWish, secondsOption, TIMEOUT, YES, wordsTyped } from "./act-wish.ts";
import { runAct } from "./run-act.ts";

interface Word {
  readonly question: (node: string) => string;
  readonly already: string;
  readonly holds: boolean;
  readonly follows: ActWish["follows"];
  readonly ask: (forceAfterSeconds: number | null) => ActAsk;
}

const HELD = (): string => "its power is held, so that no apply and no daemon powers it on again";

/** Its own hold goes with it; and git's word, where it is another one, comes back. */
const afterOn: ActWish["follows"] = (known, past) => {
  const released = past.map(({ id }) => `its hold ${id} is released`);
  const isOff = known.node.spec.power === "off";
  const again = isOff ? [`git says off: ${nextApply("power", "off", known)}`] : [];
  const said = [...released, ...again];
  return said.length === 0 ? null : said.join("; ");
};

const WORDS = {
  on: {
    question: (node) => `Power on ${node}`,
    already: "it is on",
    holds: false,
    follows: afterOn,
    ask: () => ({ kind: "power", to: "on", soft: false, forceAfterSeconds: null }),
  },
  off: {
    question: (node) => `Power off ${node} at once`,
    already: "it is off",
    holds: true,
    follows: HELD,
    ask: () => ({ kind: "power", to: "off", soft: false, forceAfterSeconds: null }),
  },
  "soft-off": {
    question: (node) => `Shut down ${node}`,
    already: "it is off",
    holds: true,
    follows: HELD,
    ask: (forceAfterSeconds) => ({ kind: "power", to: "off", soft: true, forceAfterSeconds }),
  },
  reboot: {
    question: (node) => `Power ${node} off at once, and on again`,
    already: "it was rebooted",
    holds: false,
    follows: null,
    ask: () => ({ kind: "reboot", soft: false, forceAfterSeconds: null }),
  },
  "soft-reboot": {
    question: (node) => `Shut ${node} down, and power it on again`,
    already: "it was rebooted",
    holds: false,
    follows: null,
    ask: (forceAfterSeconds) => ({ kind: "reboot", soft: true, forceAfterSeconds }),
  },
} as const satisfies Readonly<Record<string, Word>>;

const NAMES = Object.keys(WORDS).filter(isWord);

function isWord(text: string): text is keyof typeof WORDS {
  return Object.hasOwn(WORDS, text);
}

/** `node power`: its power, now. */
export const powerAct: Command = {
  name: "power",
  group: "node",
  arguments: "<state> <node>",
  completes: "node",
  words: NAMES,
  summary: `power one node ${NAMES.join(", ")}; off holds its power, so that nobody powers it on again`,
  options: [
    YES,
    TIMEOUT,
    {
      flags: "--force-after <seconds>",
      description: "soft-off, soft-reboot: forced after so long (default: never, it fails)",
    },
    {
      flags: "--ignore-children",
      description: "off, soft-off: also where it cuts the power of children that are on or silent",
    },
    { flags: "--reason <text>", description: "off, soft-off: why; shown with the hold" },
  ],
  examples: [
    'ironwright node power off r2-n17 --reason "smells burnt"',
    "ironwright node power soft-off r2-n17 --force-after 300 --yes",
    "ironwright node power on r2-n17",
    "ironwright node power reboot r2-n17 --yes --json",
  ],
  run: (input) => runAct(input, wishOf(input)),
};

function wishOf(input: CommandInput): ActWish {
  const [text = "", node] = input.args;
  if (!isWord(text)) throw unknownWord(text, node);
  const word: Word = WORDS[text];
  const forceAfterSeconds = secondsOption(input, "forceAfter", "--force-after");
  const timeoutSeconds = secondsOption(input, "timeout", "--timeout");
  const reason = textOption(input, "reason");
  if (forceAfterSeconds !== null && !text.startsWith("soft-"))
    throw new CommandError(
      EXIT.usage,
      `--force-after is for soft-off and soft-reboot, not ${text}`,
    );
  const ignoresChildren = flag(input, "ignoreChildren");
  if (ignoresChildren && !word.holds)
    throw new CommandError(EXIT.usage, `--ignore-children is for off and soft-off, not ${text}`);
  if (reason !== undefined && !word.holds)
    throw new CommandError(EXIT.usage, `--reason is for the hold of off and soft-off, not ${text}`);
  return {
    typed: `node power ${text}`,
    command: `node power ${wordsTyped(input, powerAct.options)}`,
    node,
    ask: word.ask(forceAfterSeconds),
    timeoutSeconds,
    ignoresChildren,
    question: word.question,
    asks: true,
    already: word.already,
    hold: word.holds ? (reason ?? `powered off: node power ${text}`) : null,
    follows: word.follows,
  };
}

/** `node power r2-n17 off` is a slip that is easily made. */
function unknownWord(text: string, second: string | undefined): CommandError {
  if (second !== undefined && isWord(second))
    return new CommandError(EXIT.usage, `write: ironwright node power ${second} ${text}`);
  // No word is guessed here: "of" is as near to on as it is to off.
  return new CommandError(EXIT.usage, `node power "${text}" is none of ${NAMES.join(", ")}`);
}
