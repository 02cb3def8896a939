import { type Command, CommandError, type OptionSpec, typedName } from "../command.ts";
import { COMMON_OPTIONS } from "../common-options.ts";
import { EXIT } from "../exit-code.ts";

/** `completion`: a script for the shell; node names come from `status -o name`. */
export function completionCommand(commands: () => readonly Command[]): Command {
  return {
    name: "completion",
    arguments: "<shell>",
    completes: "words",
    words: ["bash", "zsh", "fish"],
    summary: "completion for bash, zsh or fish",
    options: [],
    forms: [],
    examples: ["source <(ironwright completion bash)", "ironwright completion fish | source"],
    run(input) {
      const [shell] = input.args;
      const table = commands();
      if (shell === "bash") input.io.out(bash(table));
      else if (shell === "zsh") input.io.out(`${ZSH}${bash(table)}`);
      else if (shell === "fish") input.io.out(fish(table));
      else
        throw new CommandError(
          EXIT.usage,
          `completion "${shell ?? ""}" is none of bash, zsh, fish`,
        );
      return Promise.resolve(EXIT.done);
    },
  };
}

/** zsh runs the bash function; its own system must be there first, also in a bare shell. */
const ZSH = `(( $+functions[compdef] )) || { autoload -U +X compinit && compinit -D; }
autoload -U +X bashcompinit && bashcompinit
`;

const NAMES = asked("status -o name");

/** What a shell runs to learn words. */
function asked(args: string): string {
  return `ironwright ${args} --log-level error 2>/dev/null`;
}

/** Flags whose word is the name of a node. */
const NAME_FLAGS: ReadonlySet<string> = new Set(["--node", "--exclude"]);

function longFlags(options: readonly OptionSpec[]): readonly string[] {
  return options.flatMap(({ flags }) => /--[a-z-]+/.exec(flags) ?? []);
}

/** Flags that take a word: what stands after them is no command. */
function takers(commands: readonly Command[]): readonly string[] {
  const all = [...COMMON_OPTIONS, ...withParts(commands).flatMap(({ options }) => options)];
  const taking = all.filter(({ flags }) => flags.includes("<"));
  return [...new Set(taking.flatMap(({ flags }) => flags.split(/[ ,]+/).slice(0, -1)))];
}

function namesOf(command: Command): readonly string[] {
  const name = typedName(command);
  return command.alias === undefined ? [name] : [name, command.alias];
}

/** Every command, and behind it its parts. */
function withParts(commands: readonly Command[]): readonly Command[] {
  return commands.flatMap((command) => [command, ...(command.parts ?? [])]);
}

/** `run` writes what a shell puts in place of a command's answer. */
function wordsOf(command: Command, run: (command: string) => string): string {
  if (command.parts !== undefined) return command.parts.map(({ name }) => name).join(" ");
  if (command.completes === "node") return [...(command.words ?? []), run(NAMES)].join(" ");
  const from = command.wordsFrom === undefined ? [] : [run(asked(command.wordsFrom))];
  return [...(command.words ?? []), ...from].join(" ");
}

function bash(commands: readonly Command[]): string {
  const groups = commands.filter(({ parts }) => parts !== undefined).flatMap(namesOf);
  const cases = withParts(commands).map((command) => {
    const words = [wordsOf(command, (run) => `$(${run})`), ...longFlags(command.options)].join(" ");
    const names = namesOf(command).map((name) => (name.includes(" ") ? `"${name}"` : name));
    return `    ${names.join("|")}) words="${words}" ;;`;
  });
  const taking = takers(commands);
  const files = taking.filter((flag) => !NAME_FLAGS.has(flag));
  const common = ["-C", "-l", "-o", ...longFlags(COMMON_OPTIONS)].join(" ");
  return [
    "_ironwright() {",
    "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words command= i",
    "  for ((i = 1; i < COMP_CWORD; i++)); do case ${COMP_WORDS[i]} in",
    `    ${taking.join("|")}) i=$((i + 1)) ;;`,
    "    -*) ;;",
    `    *) command="\${command:+$command }\${COMP_WORDS[i]}"; case $command in ${groups.join("|")}) ;; *) break ;; esac ;;`,
    "  esac; done",
    "  case $prev in",
    `    ${[...NAME_FLAGS].join("|")}) COMPREPLY=( $(compgen -W "$(${NAMES})" -- "$cur") ); return ;;`,
    `    ${files.join("|")}) COMPREPLY=( $(compgen -f -- "$cur") ); return ;;`,
    "  esac",
    "  case $command in",
    `    "") words="${commands.flatMap(namesOf).join(" ")}" ;;`,
    ...cases,
    "  esac",
    `  COMPREPLY=( $(compgen -W "$words ${common}" -- "$cur") )`,
    '  [ ${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=( $(compgen -f -- "$cur") )',
    "}",
    "complete -F _ironwright ironwright",
    "",
  ].join("\n");
}

function fish(commands: readonly Command[]): string {
  const common = COMMON_OPTIONS.map((option) => `complete -c ironwright ${fishFlag(option)}`);
  const lines = withParts(commands).flatMap((command) => {
    const names = [command.name, ...(command.alias === undefined ? [] : [command.alias])].join(" ");
    const { group } = command;
    const below = group === undefined ? "" : `__fish_seen_subcommand_from ${group}; and `;
    const seen = `-n '${below}__fish_seen_subcommand_from ${names}'`;
    const words = wordsOf(command, (run) => `(${run})`);
    return [
      ...(group === undefined
        ? [
            `complete -c ironwright -n __fish_use_subcommand -f -a '${names}' -d '${quoted(command.summary)}'`,
          ]
        : []),
      ...(words === "" ? [] : [`complete -c ironwright ${seen} -f -a '${words}'`]),
      ...command.options.map((option) => `complete -c ironwright ${seen} ${fishFlag(option)}`),
    ];
  });
  return `${[...common, ...lines].join("\n")}\n`;
}

function fishFlag({ flags, description }: OptionSpec): string {
  const words = flags.split(/[ ,]+/).flatMap((word) => {
    if (word.startsWith("--")) return [`-l ${word.slice(2)}`];
    if (word.startsWith("-")) return [`-s ${word.slice(1)}`];
    return ["-r"];
  });
  const names = longFlags([{ flags, description }]).some((flag) => NAME_FLAGS.has(flag));
  return `${words.join(" ")}${names ? ` -f -a '(${NAMES})'` : ""} -d '${quoted(description)}'`;
}

function quoted(text: string): string {
  return text.replaceAll("'", "");
}
