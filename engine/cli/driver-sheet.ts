import { z } from "zod";
import type { HardwareType } from "../../drivers/driver.ts";
import { type ArgumentInfo, INTERFACES, STEP_FLOWS, type StepOffer } from "../../schemas/steps.ts";
import { table } from "./table.ts";

/** One property of a Node's spec as a hardware type's schema declares it. */
interface PropertyRow {
  /** Dotted path below `spec`; `[]` stands for each item of a list. */
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  /** Empty where there is none. */
  readonly byDefault: string;
  /** Bounds, pattern or length; empty where every value of the type is legal. */
  readonly range: string;
  readonly meaning: string;
}

/** JSON Schema (2020-12) of the part of a Node's spec that a hardware type reads. */
function propertiesSchema({ properties }: HardwareType): Record<string, unknown> {
  return z.toJSONSchema(properties, { io: "input" });
}

/** All that `schema driver NAME --json` answers. */
export function driverData(type: HardwareType): Record<string, unknown> {
  return {
    hardwareType: type.name,
    properties: propertiesSchema(type),
    interfaces: type.offer.interfaces.map((one, at, all) => ({
      ...one,
      default: all.findIndex((other) => other.interface === one.interface) === at,
    })),
    observes: type.observes,
    performs: type.performs,
  };
}

/** One sentence of what a hardware type is for: its schema's own description. */
export function meaningOf(type: HardwareType): string {
  return type.properties.description ?? "";
}

/** What a person reads of a hardware type, in tables that fit the width. */
export function driverSheet(type: HardwareType, width: number): string {
  const properties = rowsOf(propertiesSchema(type), "", true).map((row) => [
    row.path,
    row.required ? "yes" : "",
    row.byDefault,
    `${[row.type, row.range].filter((text) => text !== "").join(", ")}: ${row.meaning}`,
  ]);
  const steps = type.offer.interfaces.flatMap((one) => one.steps.map(stepRow));
  const head = ["property", "required", "default", "value: meaning"];
  return [
    `${type.name}: ${meaningOf(type)}\n`,
    "\nProperties of a Node's spec\n\n",
    table(head, properties, width, ["property", "required"]),
    "\nInterfaces, the default first\n\n",
    table(["interface", "implementations"], interfaceRows(type), width, ["interface"]),
    "\n",
    steps.length === 0
      ? "It offers no steps.\n"
      : `Steps, each with its priority by flow (0: only where it is named)\n\n${table(["step", "priorities; impact; arguments"], steps, width, ["step"])}`,
    "\n",
    table(
      ["it", "what"],
      [
        ["reads", type.observes.join(", ")],
        ["performs", type.performs.join(", ")],
      ],
      width,
    ),
  ].join("");
}

function interfaceRows({ offer }: HardwareType): readonly (readonly string[])[] {
  return INTERFACES.flatMap((name) => {
    const all = offer.interfaces.filter((one) => one.interface === name);
    const words = all.map(({ implementation, built }) =>
      built ? implementation : `${implementation} (not built)`,
    );
    return all.length === 0 ? [] : [[name, words.join(", ")]];
  });
}

function stepRow(step: StepOffer): readonly string[] {
  const priorities = STEP_FLOWS.flatMap((flow) => {
    const priority = step.priority[flow];
    return priority === undefined ? [] : [`${flow} ${priority}`];
  });
  const facts = [
    priorities.join(", "),
    step.erases === null ? step.impact : `${step.impact} (${step.erases})`,
    ...(step.requiresRamdisk ? ["needs the ramdisk"] : []),
    ...(step.abortable ? [] : ["not abortable"]),
    ...Object.entries(step.args).map(argumentText),
  ];
  return [`${step.interface}.${step.step}`, facts.join("; ")];
}

function argumentText([name, { type, required, values, description }]: [
  string,
  ArgumentInfo,
]): string {
  const words = values === undefined ? type : values.map(String).join("|");
  return `${name} (${words}${required ? ", required" : ""}): ${description}`;
}

type Json = Readonly<Record<string, unknown>>;

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A map's own properties, each in its place below the others; a map that is explained as a whole is a row too. */
function rowsOf(schema: Json, path: string, required: boolean): readonly PropertyRow[] {
  const isGroup = isJson(schema["properties"]) && schema["description"] === undefined;
  const own = path === "" || isGroup ? [] : [rowOf(schema, path, required)];
  const needed = Array.isArray(schema["required"]) ? schema["required"] : [];
  const below = isJson(schema["properties"]) ? Object.entries(schema["properties"]) : [];
  const parts = below.flatMap(([key, value]) => {
    const at = path === "" ? key : `${path}.${key}`;
    return isJson(value) ? rowsOf(value, at, required && needed.includes(key)) : [];
  });
  const { items } = schema;
  const each =
    isJson(items) && isJson(items["properties"])
      ? rowsOf({ ...items, description: undefined }, `${path}[]`, false)
      : [];
  return [...own, ...parts, ...each];
}

function rowOf(schema: Json, path: string, required: boolean): PropertyRow {
  const { default: byDefault, description } = schema;
  return {
    path,
    type: typeOf(schema),
    required,
    byDefault: byDefault === undefined ? "" : textOf(byDefault),
    range: rangeOf(schema),
    meaning: typeof description === "string" ? description : "",
  };
}

/** A map of one or two keys is shown by them: `{ provider, key }`. */
const SHORT_MAP_MAX = 2;

function typeOf(schema: Json): string {
  const { type, anyOf, items, properties } = schema;
  if (Array.isArray(schema["enum"])) return schema["enum"].map(textOf).join("|");
  if (schema["const"] !== undefined) return textOf(schema["const"]);
  if (Array.isArray(anyOf)) return [...new Set(anyOf.filter(isJson).map(typeOf))].join(" or ");
  if (Array.isArray(type)) return type.map(String).join(" or ");
  if (type === "array") return isJson(items) ? `list of ${typeOf(items)}` : "list";
  if (type !== "object") return typeof type === "string" ? type : "any";
  const keys = isJson(properties) ? Object.keys(properties) : [];
  return keys.length === 0 || keys.length > SHORT_MAP_MAX ? "map" : `{ ${keys.join(", ")} }`;
}

function rangeOf(schema: Json): string {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, pattern, anyOf } = schema;
  const branches = Array.isArray(anyOf) ? anyOf.filter(isJson).map(rangeOf) : [];
  return [
    span(minimum, maximum, ""),
    span(minLength, maxLength, " characters"),
    span(minItems, maxItems, " items"),
    typeof pattern === "string" ? pattern : "",
    ...branches,
  ]
    .filter((text) => text !== "")
    .join(", ");
}

/** JSON Schema bounds every whole number by what a double can hold; that says nothing to a person. */
function span(least: unknown, most: unknown, unit: string): string {
  const from = typeof least === "number" && least > -Number.MAX_SAFE_INTEGER ? String(least) : "";
  const to = typeof most === "number" && most < Number.MAX_SAFE_INTEGER ? String(most) : "";
  if (from === "" && to === "") return "";
  if (to === "") return `from ${from}${unit}`;
  return from === "" ? `up to ${to}${unit}` : `${from} to ${to}${unit}`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
