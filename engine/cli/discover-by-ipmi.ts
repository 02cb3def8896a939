import type { SecretRef } from "../../schemas/documents.ts";
import { CommandError, type CommandInput, textOption } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { IpmiSearch } from "./house.ts";
import { driverOptions, type Place } from "./world.ts";

const PRIVILEGES = ["user", "operator", "administrator"] as const;

/** What is looked for. */
interface Looked {
  /** `ipmi://10.0.0.7`, `ipmi://10.0.0.0/24`. */
  readonly places: readonly string[];
  readonly password: SecretRef | undefined;
  /** No document was printed before. */
  readonly isFirst: boolean;
}

/** `discover` of BMCs that speak IPMI: prints the documents of those that let us in, and says what else answered. */
export async function discoverByIpmi(
  input: CommandInput,
  place: Place,
  { places, password, isFirst }: Looked,
): Promise<ExitCode> {
  const { io, house } = input;
  const kgEnv = textOption(input, "kgEnv");
  const how = {
    username: textOption(input, "username"),
    password,
    kg: kgEnv === undefined ? undefined : { env: kgEnv },
    privilege: privilegeOf(input),
    is15: is15(input),
  };
  const told = (askedCount: number, ofAll: number): void =>
    io.progress([`asked ${askedCount} of ${ofAll} addresses by IPMI`]);
  const search = await house.discoverIpmi(places, how, driverOptions(input, place), told);
  io.progress([]);
  if (!search.ok) throw new CommandError(EXIT.usage, search.failure.message, search.failure.code);
  return tell(input, search.value, isFirst);
}

function privilegeOf(input: CommandInput): (typeof PRIVILEGES)[number] | undefined {
  const text = textOption(input, "privilege");
  const known = PRIVILEGES.find((level) => level === text);
  if (text === undefined || known !== undefined) return known;
  throw new CommandError(EXIT.usage, `--privilege "${text}" is none of ${PRIVILEGES.join(", ")}`);
}

function is15(input: CommandInput): boolean {
  const text = textOption(input, "ipmiVersion") ?? "2";
  if (text === "2" || text === "1.5") return text === "1.5";
  throw new CommandError(EXIT.usage, `--ipmi-version "${text}" is none of 2, 1.5`);
}

function tell({ io }: CommandInput, search: IpmiSearch, isFirst: boolean): ExitCode {
  const { found, askedCount, silentCount } = search;
  const documents = found.flatMap(({ document }) => document ?? []);
  if (documents.length > 0) io.out(`${isFirst ? "" : "---\n"}${documents.join("---\n")}`);
  for (const { address, speaks, document, failure } of found) {
    if (failure !== null) io.log("error", failure.message, { code: failure.code });
    else if (document === null)
      io.log(
        "info",
        `${address} speaks ${speaks ?? ""}; for its document give --username and --password-env`,
      );
  }
  if (askedCount > 1) io.log("info", summary(askedCount, silentCount));
  const isNobody = silentCount === askedCount && found.length === 0;
  if (isNobody)
    io.log(
      "error",
      "no BMC answers there; check the network, and that UDP port 623 is let through",
      {
        code: "IW-B01",
      },
    );
  return isNobody || found.some(({ failure }) => failure !== null) ? EXIT.failed : EXIT.done;
}

function summary(asked: number, silent: number): string {
  const answering = asked - silent;
  return `asked ${asked} addresses by IPMI: ${answering} ${answering === 1 ? "answers" : "answer"}, ${silent} silent`;
}
