import { type CaseReport, runConformance, type SetUp } from "../conformance/conformance.ts";
import { fail, failure, ok, type Result } from "../../schemas/failure.ts";
import { loadModule, loadPackage } from "./load-packages.ts";

/**
 * Runs the conformance suite over every hardware type of a package, named as the setting `drivers` names it, on the
 * benches that it exports from `./conformance` (a single file: from itself) as `conformance`, by hardware type.
 */
export async function conformPackage(
  root: string,
  name: string,
  onCase: (report: CaseReport) => void,
): Promise<Result<readonly CaseReport[]>> {
  const types = await loadPackage(root, name);
  if (!types.ok) return types;
  const module = await loadModule(root, name, "./conformance");
  if (!module.ok) return module;
  const { conformance } = module.value;
  const reports: CaseReport[] = [];
  for (const type of types.value) {
    const setUp = setUpOf(conformance, type.name);
    if (setUp === null) {
      const fact = `the driver "${name}" exports no bench for the hardware type ${type.name}`;
      const wayOut = `add to its ./conformance: export const conformance = { "${type.name}": async () => bench }`;
      return fail(failure("stalled", "IW-D01", `${fact}; ${wayOut}`));
    }
    reports.push(...(await runConformance(type, setUp, onCase)));
  }
  return ok(reports);
}

function setUpOf(conformance: unknown, type: string): SetUp | null {
  if (typeof conformance !== "object" || conformance === null) return null;
  const found: unknown = Object.entries(conformance).find(([name]) => name === type)?.[1];
  return isSetUp(found) ? found : null;
}

/** That it answers a whole bench shows when the first case uses it. */
function isSetUp(value: unknown): value is SetUp {
  return typeof value === "function";
}
