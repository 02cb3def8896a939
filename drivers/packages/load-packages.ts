import { pathToFileURL } from "node:url";
import { fail, failure, ok, type Result } from "../../schemas/failure.ts";
import type { HardwareType } from "../driver.ts";
import { checkPackage } from "./check-package.ts";
import { findEntry } from "./find-entry.ts";
import { guardType } from "./guard-type.ts";

/** Milliseconds that the code of a module may take until it is there: it should only declare. */
const IMPORT_MAX_MS = 10_000;

/** Loads the packages of the setting `drivers`, in order; `taken` are names of hardware types that exist already. */
export async function loadPackages(
  root: string,
  names: readonly string[],
  taken: ReadonlySet<string>,
): Promise<Result<readonly HardwareType[]>> {
  const loaded = new Map<string, HardwareType>();
  for (const name of names) {
    const types = await loadPackage(root, name);
    if (!types.ok) return types;
    for (const type of types.value) {
      if (taken.has(type.name) || loaded.has(type.name))
        return refuse(
          name,
          `brings the hardware type ${type.name}, which exists already`,
          "remove one of the two from the setting drivers",
        );
      loaded.set(type.name, guardType(type));
    }
  }
  return ok([...loaded.values()]);
}

/** The hardware types of one package, as it made them. */
export async function loadPackage(
  root: string,
  name: string,
): Promise<Result<readonly HardwareType[]>> {
  const module = await loadModule(root, name, ".");
  if (!module.ok) return module;
  const checked = checkPackage(module.value);
  if ("types" in checked) return ok(checked.types);
  return fail(failure("stalled", "IW-D01", `the driver "${name}" ${checked.wrong}`));
}

/** What a module of a package exports; a Failure where it is not there, throws, or takes too long. */
export async function loadModule(
  root: string,
  name: string,
  subpath: "." | "./conformance",
): Promise<Result<Readonly<Record<string, unknown>>>> {
  const entry = findEntry(root, name, subpath);
  if (!entry.ok) return entry;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const why = new Error(`it was not there after ${IMPORT_MAX_MS / 1000} seconds`);
    timer = setTimeout(() => reject(why), IMPORT_MAX_MS);
  });
  try {
    const module: unknown = await Promise.race([import(pathToFileURL(entry.value).href), late]);
    return ok(Object.fromEntries(Object.entries(module ?? {})));
  } catch (error) {
    const [cause = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    return refuse(
      name,
      `cannot be imported from ${entry.value}: ${cause}`,
      "mend it or install it again",
    );
  } finally {
    clearTimeout(timer);
  }
}

function refuse<T>(name: string, fact: string, wayOut: string): Result<T> {
  return fail(failure("stalled", "IW-D01", `the driver "${name}" ${fact}; ${wayOut}`));
}
