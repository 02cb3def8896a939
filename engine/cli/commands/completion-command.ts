import { type Command, CommandError } from "../command.ts";
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
      else if (shell === "zsh")
        input.io.out(`autoload -U +X bashcompinit && bashcompinit\n${bash(table)}`);
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

const NAMES = "ironwright status -o name --log-level error 2>/dev/null";

function bash(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const flags = command.options
      .flatMap(({ flags: text }) => /--[a-z-]+/.exec(text) ?? [])
      .join(" ");
    const words =
      command.completes === "node"
        ? `$(${NAMES})`
        : command.completes === "words"
          ? (command.words ?? []).join(" ")
          : "";
    const name = command.alias === undefined ? command.name : `${command.name}|${command.alias}`;
    return `    ${name}) words="${words} ${flags}" ;;`;
  });
  return [
    "_ironwright() {",
    "  local cur=${COMP_WORDS[COMP_CWORD]} words",
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    words="${commands.map(({ name }) => name).join(" ")}"`,
    "  else case ${COMP_WORDS[1]} in",
    ...cases,
    "  esac; fi",
    '  COMPREPLY=( $(compgen -W "$words -C --ref --json --node -l" -- "$cur") )',
    '  [ ${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=( $(compgen -f -- "$cur") )',
    "}",
    "complete -F _ironwright ironwright",
    "",
  ].join("\n");
}

function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => {
    const seen = `__fish_seen_subcommand_from ${command.name}`;
    const words = command.completes === "node" ? `(${NAMES})` : (command.words ?? []).join(" ");
    return [
      `complete -c ironwright -n __fish_use_subcommand -f -a ${command.name} -d '${command.summary.replaceAll("'", "")}'`,
      ...(words === "" ? [] : [`complete -c ironwright -n '${seen}' -f -a '${words}'`]),
    ];
  });
  return `${lines.join("\n")}\n`;
}
