import { isMap } from "../../../schemas/is-map.ts";
import { nearest } from "../../../schemas/nearest.ts";
import type { ArgumentInfo, StepOffer } from "../../../schemas/steps.ts";
import { nameOf } from "./step-list.ts";

/** What is wrong with one argument; null stands for one that is missing. */
export interface ArgumentProblem {
  readonly argument: string | null;
  readonly message: string;
}

/** Every argument that the step does not take, does not get, or gets as something else than it is. */
export function argumentProblems(
  offer: StepOffer,
  args: Readonly<Record<string, unknown>>,
): readonly ArgumentProblem[] {
  const name = nameOf(offer);
  const missing = Object.entries(offer.args)
    .filter(([argument, { required }]) => required && args[argument] === undefined)
    .map(([argument, { type }]) => ({
      argument: null,
      message: `${name} needs the argument ${argument} (${WORDS[type]})`,
    }));
  const wrong = Object.entries(args).flatMap(([argument, value]) => {
    const info = Object.hasOwn(offer.args, argument) ? offer.args[argument] : undefined;
    const message =
      info === undefined
        ? unknownArgument(argument, offer)
        : value === undefined
          ? null
          : wrongValue(argument, value, info);
    return message === null ? [] : [{ argument, message: `${name}: ${message}` }];
  });
  return [...missing, ...wrong];
}

type ArgumentType = ArgumentInfo["type"];

const WORDS: Readonly<Record<ArgumentType, string>> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  list: "a list",
  map: "a map",
  duration: "a whole number of seconds",
};

const IS: Readonly<Record<ArgumentType, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  integer: (value) => Number.isSafeInteger(value),
  number: (value) => Number.isFinite(value),
  boolean: (value) => typeof value === "boolean",
  list: (value) => Array.isArray(value),
  map: isMap,
  duration: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
};

/** Types are said, values are not: nobody knows what an argument holds. */
function wrongValue(argument: string, value: unknown, info: ArgumentInfo): string | null {
  if (!IS[info.type](value))
    return `the argument ${argument} is ${kindOf(value)}; it must be ${WORDS[info.type]}`;
  if (info.values === undefined || info.values.some((one) => one === value)) return null;
  const words = info.values.map(String);
  const near = typeof value === "string" ? nearest(value, words) : null;
  const hint = near === null ? "" : ` (did you mean ${near}?)`;
  return `the argument ${argument} must be one of ${words.join(", ")}${hint}`;
}

function unknownArgument(argument: string, offer: StepOffer): string {
  const known = Object.keys(offer.args);
  if (known.length === 0) return `it takes no arguments; take ${argument} out`;
  const near = nearest(argument, known);
  const wayOut = near === null ? `there are ${known.join(", ")}` : `did you mean ${near}?`;
  return `it takes no argument ${argument}; ${wayOut}`;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (isMap(value)) return "a map";
  if (typeof value === "string") return "text";
  return typeof value === "number" ? `the number ${value}` : "true or false";
}
