import type { SecretRef } from "../../../schemas/documents.ts";
import {
  type Command,
  CommandError,
  type CommandInput,
  flag,
  refuseOptions,
  textOption,
} from "../command.ts";
import { discoverByIpmi } from "../discover-by-ipmi.ts";
import { EXIT, type ExitCode, gravest } from "../exit-code.ts";
import { driverOptions, loadPlace, type Place } from "../world.ts";

const AUTHS = ["auto", "session", "basic"] as const;

/** `discover`: reads BMCs and prints Node documents. */
export const discoverCommand: Command = {
  name: "discover",
  arguments: "<address...>",
  summary:
    "read BMCs and print their Node documents (identity, pin, state: adopted); by IPMI those of ipmi://10.0.0.7 or ipmi://10.0.0.0/24",
  forms: [],
  options: [
    { flags: "--username <name>", description: "user of the BMC" },
    { flags: "--password-env <name>", description: "environment variable that holds the password" },
    { flags: "--password-file <path>", description: "file that holds it, under secrets.dirs" },
    { flags: "--auth <how>", description: AUTHS.join(", "), default: "auto" },
    { flags: "--ca <file>", description: "certificate authority of the BMCs, PEM" },
    { flags: "--pin <sha256>", description: "the certificate that the BMC must show" },
    { flags: "--insecure", description: "do not verify TLS (every plan will say so)" },
    { flags: "--kg-env <name>", description: "ipmi: environment variable that holds Kg" },
    {
      flags: "--privilege <level>",
      description: "ipmi: user, operator or administrator (default: administrator)",
    },
    {
      flags: "--ipmi-version <version>",
      description: "ipmi: 1.5 for BMCs that know no other; it has no encryption (default: 2)",
    },
  ],
  examples: [
    "ironwright discover https://10.0.0.7 --username admin --password-env BMC_PASSWORD > inventory/rack1.yaml",
    "ironwright discover ipmi://10.0.0.0/24",
    "ironwright discover ipmi://10.0.0.0/24 --username admin --password-env BMC_PASSWORD > inventory/rack2.yaml",
  ],
  async run(input) {
    const place = await loadPlace(input);
    const ipmi = input.args.filter(isOfIpmi);
    const redfish = input.args.filter((address) => !isOfIpmi(address));
    if (redfish.length === 0)
      refuseOptions(
        input,
        ["ca", "pin", "insecure", ...(textOption(input, "auth") === "auto" ? [] : ["auth"])],
        "is of Redfish, and IPMI knows nothing of it; remove it",
      );
    if (ipmi.length === 0)
      refuseOptions(
        input,
        ["kgEnv", "privilege", "ipmiVersion"],
        "is of IPMI, whose addresses begin with ipmi://",
      );
    const byRedfish = redfish.length === 0 ? null : await discoverByRedfish(input, place, redfish);
    const from = { places: ipmi, password: password(input), isFirst: byRedfish?.printed !== true };
    const byIpmi = ipmi.length === 0 ? EXIT.done : await discoverByIpmi(input, place, from);
    return gravest([byRedfish?.exit ?? EXIT.done, byIpmi]);
  },
};

function isOfIpmi(address: string): boolean {
  return /^ipmi:\/\//i.test(address);
}

async function discoverByRedfish(
  input: CommandInput,
  place: Place,
  addresses: readonly string[],
): Promise<{ readonly exit: ExitCode; readonly printed: boolean }> {
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
  for (const address of addresses) {
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
  return { exit: gravest(codes), printed: printed > 0 };
}

function password(input: CommandInput): SecretRef | undefined {
  const env = textOption(input, "passwordEnv");
  const file = textOption(input, "passwordFile");
  if (env !== undefined && file !== undefined)
    throw new CommandError(EXIT.usage, "give --password-env or --password-file, not both");
  if (env !== undefined) return { env };
  return file === undefined ? undefined : { file };
}
