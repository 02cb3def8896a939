import {
  diagnosticsData,
  formatDiagnostics,
  type DiagnosticsFormat,
} from "../../../inventory/format-diagnostics.ts";
import { loadFleet } from "../../../inventory/load-fleet.ts";
import type { Diagnostic } from "../../../schemas/diagnostic.ts";
import { type Fleet, type FleetNode, originOf } from "../../../schemas/fleet.ts";
import type { SettingsFinding } from "../../../schemas/interface-answer.ts";
import { type Command, CommandError, type CommandInput, flag, textOption } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import {
  answerDiagnostics,
  answersData,
  answersText,
  isAllSilent,
  isWrong,
  liveAnswers,
  type NodeAnswers,
} from "../live-answers.ts";
import { driversFailure } from "../load-drivers.ts";
import { findingsOf, loadPlace, type Place } from "../world.ts";

const VALIDATE_FORMATS = ["text", "json", "github", "sarif"] as const;

/** `validate`: checks documents; with `--live` every interface of every node answers for itself. */
export const validateCommand: Command = {
  name: "validate",
  summary: "check the documents and settings; no BMC is asked without --live",
  forms: ["json", "wide"],
  options: [
    { flags: "--format <form>", description: VALIDATE_FORMATS.join(", ") },
    {
      flags: "--live",
      description: "also read every node's BMC, and say of each interface whether it would work",
    },
    { flags: "--strict", description: "with --live: exit 4 when any BMC is silent" },
  ],
  examples: [
    "ironwright validate",
    "ironwright validate --ref HEAD --format github",
    "ironwright validate --live --node r7-n01",
    "ironwright validate --live --json",
    "ironwright validate --no-drivers",
  ],
  async run(input) {
    const format = formatOf(input);
    const place = await loadPlace(input);
    const { fleet, diagnostics } = await loadFleet({
      dir: place.root,
      ref: input.common.ref,
      settings: place.settings,
      settingsPath: place.settingsPath ?? undefined,
      cacheDir: place.cacheDir,
    });
    const written = [...diagnostics, ...(await driverDiagnostics(input, place))];
    // Without its package a hardware type can't be told from one that nobody brings.
    const isWhole =
      written.length === diagnostics.length &&
      (input.common.drivers || place.settings.drivers.length === 0);
    const declared =
      fleet === null ? [] : await declaredDiagnostics(input, { root: place.root, fleet, isWhole });
    const canAsk = fleet !== null && !written.some(isError) && flag(input, "live");
    const answers = canAsk
      ? await liveAnswers(input, { ...place, fleet }, (node) => settingsFindings(input, node))
      : null;
    const all = [...written, ...declared];
    print(input, { all, answers, format, nodes: fleet?.nodes.length ?? 0 });
    return exitOf(all, answers ?? [], flag(input, "strict"));
  },
};

function formatOf(input: CommandInput): DiagnosticsFormat {
  const asked = textOption(input, "format") ?? (input.common.json ? "json" : "text");
  const format = VALIDATE_FORMATS.find((form) => form === asked);
  if (format !== undefined) return format;
  throw new CommandError(
    EXIT.usage,
    `--format "${asked}" is none of ${VALIDATE_FORMATS.join(", ")}`,
  );
}

function isError({ severity }: Diagnostic): boolean {
  return severity === "error";
}

/** Silence is no fault of the inventory's: all BMCs silent is 1, and some of them 0. */
function exitOf(
  all: readonly Diagnostic[],
  answers: readonly NodeAnswers[],
  strict: boolean,
): ExitCode {
  const wrong = answers.some(({ interfaces, silence }) =>
    interfaces.some((answer) => isWrong(answer, silence)),
  );
  if (wrong || all.some(isError)) return EXIT.invalid;
  if (strict && answers.some(({ silence }) => silence !== null)) return EXIT.refused;
  return isAllSilent(answers) ? EXIT.failed : EXIT.done;
}

interface Outcome {
  readonly all: readonly Diagnostic[];
  readonly answers: readonly NodeAnswers[] | null;
  readonly format: DiagnosticsFormat;
  readonly nodes: number;
}

function print({ io, common }: CommandInput, { all, answers, format, nodes }: Outcome): void {
  if (answers !== null && format !== "text") {
    const both = [...all, ...answerDiagnostics(answers)];
    const data = { ...diagnosticsData(both), nodes: answersData(answers) };
    const isJson = format === "json";
    io.out(isJson ? `${JSON.stringify(data, null, 2)}\n` : formatDiagnostics(both, format));
    return;
  }
  if (format !== "text" || all.length > 0) io.out(formatDiagnostics(all, format));
  if (format !== "text") return;
  if (answers !== null)
    io.out(answersText(answers, { columns: io.columns, wide: common.output === "wide" }));
  if (!all.some(isError) && answers === null)
    io.out(`valid: ${nodes} ${nodes === 1 ? "node" : "nodes"}, ${all.length} warnings\n`);
}

/** The packages of the settings, as a finding where they can't be had. */
async function driverDiagnostics(
  input: CommandInput,
  place: Place,
): Promise<readonly Diagnostic[]> {
  const why = await driversFailure(input, place);
  if (why === null) return [];
  const { code, message } = why;
  const at = { file: place.settingsPath ?? "ironwright.yaml", line: 1, column: 1 };
  return [{ ...at, code: code ?? "IW-D01", severity: "error", message }];
}

/** What the hardware types say of the documents, without a wire. */
async function declaredDiagnostics(
  input: CommandInput,
  from: { readonly root: string; readonly fleet: Fleet; readonly isWhole: boolean },
): Promise<readonly Diagnostic[]> {
  const { hardwareTypes } = input.house;
  const { root, fleet, isWhole } = from;
  const ofTypes = fleet.nodes.flatMap((node) => {
    const { driver = "" } = node.spec;
    if (!hardwareTypes.has(driver))
      return [unknownDriver(node, [...hardwareTypes.keys()], isWhole)];
    return settingsFindings(input, node).map(({ path, message }) => ({
      ...originOf(node, path),
      code: "IW-I04",
      severity: "error" as const,
      message: `${node.name}: ${message}`,
    }));
  });
  return [...ofTypes, ...(await findingsOf(input, root, fleet))];
}

function settingsFindings({ house }: CommandInput, node: FleetNode): readonly SettingsFinding[] {
  return house.hardwareTypes.get(node.spec.driver ?? "")?.validate(node) ?? [];
}

/** Where packages were left out it may come from one of them. */
function unknownDriver(node: FleetNode, known: readonly string[], isWhole: boolean): Diagnostic {
  const { driver = "" } = node.spec;
  const at = { ...originOf(node, "/driver"), code: "IW-I06" };
  const ways = `there are ${known.join(", ")}, or name its package in the setting drivers`;
  return isWhole
    ? {
        ...at,
        severity: "error",
        message: `${node.name}: there is no hardware type ${driver}; ${ways}`,
      }
    : {
        ...at,
        severity: "warning",
        message: `${node.name}: the hardware type ${driver} was not checked, for no package was loaded`,
      };
}
