import type { SecretRef } from "../../../schemas/documents.ts";
import { type Command, CommandError, type CommandInput, flag, textOption } from "../command.ts";
import { EXIT, type ExitCode, gravest } from "../exit-code.ts";
import { driverOptions, loadPlace } from "../world.ts";

const AUTHS = ["auto", "session", "basic"] as const;

/** `discover`: reads BMCs and prints Node documents. */
export const discoverCommand: Command = {
  name: "discover",
  arguments: "<address...>",
  summary: "read BMCs and print their Node documents (identity, pin, state: adopted)",
  forms: [],
  options: [
    { flags: "--username <name>", description: "user of the BMC" },
    { flags: "--password-env <name>", description: "environment variable that holds the password" },
    { flags: "--password-file <path>", description: "file that holds it, under secrets.dirs" },
    { flags: "--auth <how>", description: AUTHS.join(", "), default: "auto" },
    { flags: "--ca <file>", description: "certificate authority of the BMCs, PEM" },
    { flags: "--pin <sha256>", description: "the certificate that the BMC must show" },
    { flags: "--insecure", description: "do not verify TLS (every plan will say so)" },
  ],
  examples: [
    "ironwright discover https://10.0.0.7 --username admin --password-env BMC_PASSWORD > inventory/rack1.yaml",
  ],
  async run(input) {
    const place = await loadPlace(input);
    const auth = AUTHS.find((how) => how === (textOption(input, "auth") ?? "auto"));
    if (auth === undefined)
      throw new CommandError(EXIT.usage, `--auth is none of ${AUTHS.join(", ")}`);
    const how = {
      username: textOption(input, "username"),
      password: password(input),
      auth,
      verify: !flag(input, "insecure"),
      ca: textOption(input, "ca"),
      pin: textOption(input, "pin"),
    };
    const codes: ExitCode[] = [];
    let printed = 0;
    for (const address of input.args) {
      input.io.progress([`reading ${address}`]);
      const found = await input.house.discover(address, how, driverOptions(input, place));
      input.io.progress([]);
      if (found.ok) {
        const text =
          found.value.startsWith("---") || printed === 0 ? found.value : `---\n${found.value}`;
        input.io.out(text);
        printed += 1;
      } else {
        input.io.log("error", found.failure.message, { code: found.failure.code });
        codes.push(EXIT.failed);
      }
    }
    return gravest(codes);
  },
};

function password(input: CommandInput): SecretRef | undefined {
  const env = textOption(input, "passwordEnv");
  const file = textOption(input, "passwordFile");
  if (env !== undefined && file !== undefined)
    throw new CommandError(EXIT.usage, "give --password-env or --password-file, not both");
  if (env !== undefined) return { env };
  return file === undefined ? undefined : { file };
}
