import { matchesGlob } from "./glob.ts";

/** Says of a disk's value whether it is what the hint asks for. */
export type Test<T> = (value: T) => boolean;

/** Bytes of a GiB: sizes in hints are whole GiB, as in Ironic. */
const GIB_BYTES = 2 ** 30;

/** Operators of oslo.utils' specs_matcher, which Ironic's hints are made of; `=` is at least, for old reasons. */
const NUMBER_OPERATORS = {
  "=": (a, b) => a >= b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  ">=": (a, b) => a >= b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  "<": (a, b) => a < b,
} as const satisfies Record<string, (a: number, b: number) => boolean>;

const TEXT_OPERATORS = {
  "s==": (a, b) => a === b,
  "s!=": (a, b) => a !== b,
  "s>=": (a, b) => a >= b,
  "s<=": (a, b) => a <= b,
  "s>": (a, b) => a > b,
  "s<": (a, b) => a < b,
  "<in>": (a, b) => a.includes(b),
} as const satisfies Record<string, (a: string, b: string) => boolean>;

/** The longer first, so that `<` never takes the beginning of `<=` or of a word in brackets. */
const OPERATOR = /^(<[a-z-]+>|s?[=!<>]=|s[<>]|[=<>])/;

interface Expression {
  readonly operator: string | null;
  /** One, but for `<or>` and `<all-in>`. */
  readonly values: readonly string[];
}

/** A test of text: case and blanks around it count for nothing. A sentence when the expression is none. */
export function textTest(text: string): Test<string> | string {
  const expression = parse(text);
  if (typeof expression === "string") return expression;
  const { operator, values } = expression;
  const [first = ""] = values;
  if (operator === null)
    return /[*?]/.test(first)
      ? (value) => matchesGlob(first, folded(value))
      : (value) => folded(value) === first;
  if (operator === "<or>") return (value) => values.includes(folded(value));
  if (operator === "<all-in>") return (value) => values.every((one) => folded(value).includes(one));
  if (isTextOperator(operator)) {
    const holds = TEXT_OPERATORS[operator];
    return (value) => holds(folded(value), first);
  }
  if (!isNumberOperator(operator)) return unknownOperator(operator);
  const number = numberOf(first);
  if (number === null) return `"${first}" is no number, and ${operator} compares numbers`;
  const holds = NUMBER_OPERATORS[operator];
  return (value) => {
    const seen = numberOf(folded(value));
    return seen !== null && holds(seen, number);
  };
}

/** A test of a size in bytes; the expression counts whole GiB. A sentence when it is none. */
export function sizeTest(text: string): Test<number> | string {
  const expression = parse(text);
  if (typeof expression === "string") return expression;
  const { operator, values } = expression;
  const sizes = values.map(numberOf);
  const wrong = sizes.findIndex((size) => size === null || size <= 0 || !Number.isInteger(size));
  if (wrong !== -1) return `"${values[wrong] ?? ""}" is no size; write whole GiB, such as ">= 100"`;
  const wanted = sizes.flatMap((size) => (size === null ? [] : [size * GIB_BYTES]));
  if (operator === null || operator === "<or>") return (bytes) => wanted.includes(bytes);
  if (!isNumberOperator(operator)) return `${operator} compares no numbers; write ==, >=, <= ...`;
  const holds = NUMBER_OPERATORS[operator];
  const [first = 0] = wanted;
  return (bytes) => holds(bytes, first);
}

/** What `true` and `false` may be written as (oslo.utils' bool_from_string). */
const BOOLEANS: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(["1", "t", "true", "on", "y", "yes"].map((word) => [word, true])),
  ...Object.fromEntries(["0", "f", "false", "off", "n", "no"].map((word) => [word, false])),
};

/** A test of a yes or no. A sentence when the expression is none. */
export function booleanTest(text: string): Test<boolean> | string {
  const wanted = BOOLEANS[folded(text)];
  return wanted === undefined ? `"${text}" is neither true nor false` : (value) => value === wanted;
}

function parse(text: string): Expression | string {
  const whole = folded(text);
  if (whole === "") return "it is empty";
  const operator = OPERATOR.exec(whole)?.[0] ?? null;
  if (operator === null) return { operator, values: [whole] };
  const rest = whole.slice(operator.length);
  const parts =
    operator === "<or>" ? rest.split("<or>") : operator === "<all-in>" ? rest.split(/\s+/) : [rest];
  const values = parts.map((part) => part.trim()).filter((part) => part !== "");
  return values.length === 0 ? `${operator} has no value behind it` : { operator, values };
}

function folded(text: string): string {
  return text.trim().toLowerCase();
}

function numberOf(text: string): number | null {
  return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}

function isTextOperator(word: string): word is keyof typeof TEXT_OPERATORS {
  return Object.hasOwn(TEXT_OPERATORS, word);
}

function isNumberOperator(word: string): word is keyof typeof NUMBER_OPERATORS {
  return Object.hasOwn(NUMBER_OPERATORS, word);
}

function unknownOperator(operator: string): string {
  return `${operator} is no operator; there are <in>, <or>, <all-in>, s==, s!=, ==, !=, >= and their kin`;
}
