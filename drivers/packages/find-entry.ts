import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fail, failure, ok, type Result } from "../../schemas/failure.ts";

/** A package of the registry, with or without a scope; never a path, an URL or a module of Node. */
const PACKAGE_NAME = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;

/** Conditions of an export map that this engine meets, as Node's own `import` does. */
const CONDITIONS = new Set(["import", "node", "default"]);

/**
 * The file behind an entry of the setting `drivers`: a package in `node_modules` beside the settings, or `./PATH`
 * inside the repository (a file, or a folder with a package.json). `subpath` is `.` or `./conformance`.
 */
export function findEntry(
  root: string,
  name: string,
  subpath: "." | "./conformance",
): Result<string> {
  const isPath = name === "." || name.startsWith("./");
  if (!isPath && !PACKAGE_NAME.test(name))
    return refuse(name, "is neither a package's name nor ./PATH", "write it so");
  const place = isPath ? resolve(root, name) : join(root, "node_modules", name);
  if (!existsSync(place)) {
    return isPath
      ? refuse(
          name,
          `is not there (${place})`,
          "check its path, which is relative to the repository",
        )
      : refuse(
          name,
          `is not installed in ${join(root, "node_modules")}`,
          `run: npm install ${name}`,
        );
  }
  if (isPath && isOutside(root, place))
    return refuse(
      name,
      "leads out of the repository",
      "keep it inside, or install it as a package",
    );
  return statSync(place).isDirectory() ? entryOf(name, place, subpath) : ok(place);
}

/** Links are followed: one that leads elsewhere is elsewhere. */
function isOutside(root: string, place: string): boolean {
  const way = relative(realpathSync(root), realpathSync(place));
  return way.startsWith("..") || resolve(way) === way;
}

function entryOf(name: string, place: string, subpath: string): Result<string> {
  const manifest = manifestOf(join(place, "package.json"));
  if (manifest === null)
    return refuse(name, `has no package.json that can be read in ${place}`, "install it again");
  const { exports, main } = manifest;
  const target =
    exports === undefined
      ? subpath === "."
        ? (main ?? "index.js")
        : undefined
      : targetOf(exports, subpath);
  if (typeof target !== "string")
    return refuse(
      name,
      `exports no "${subpath}" to import`,
      "add it to exports in its package.json",
    );
  const file = resolve(place, target);
  if (!existsSync(file) || !statSync(file).isFile())
    return refuse(name, `exports ${target}, which is not there`, "build it, or install it again");
  return ok(file);
}

type Json = Readonly<Record<string, unknown>>;

function manifestOf(path: string): Json | null {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isJson(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

/** What an export map (Node's `exports`) says of a subpath: the first condition that is met. */
function targetOf(exports: unknown, subpath: string): unknown {
  if (!isJson(exports)) return subpath === "." ? exports : undefined;
  const bySubpath = Object.keys(exports).some((key) => key.startsWith("."));
  if (!bySubpath) return subpath === "." ? metOf(exports) : undefined;
  return metOf(exports[subpath]);
}

function metOf(target: unknown): unknown {
  if (!isJson(target)) return target;
  const met = Object.entries(target).find(([condition]) => CONDITIONS.has(condition));
  return met === undefined ? undefined : metOf(met[1]);
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(name: string, fact: string, wayOut: string): Result<string> {
  return fail(failure("stalled", "IW-D01", `the driver "${name}" ${fact}; ${wayOut}`));
}
