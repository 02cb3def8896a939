/** One property as a schema declares it: of a Node's spec, or an argument of a vendor method. */
export interface PropertyRow {
  /** Dotted path from the top; `[]` stands for each item of a list. */
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  /** Empty where there is none. */
  readonly byDefault: string;
  /** Bounds, pattern or length; empty where every value of the type is legal. */
  readonly range: string;
  readonly meaning: string;
}

type Json = Readonly<Record<string, unknown>>;

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** All properties of a JSON Schema, the nested ones below their map. */
export function propertyRows(schema: Json): readonly PropertyRow[] {
  return rowsOf(schema, "", true);
}

/** `string, 1 to 63 characters`. */
export function kindText({ type, range }: PropertyRow): string {
  return [type, range].filter((text) => text !== "").join(", ");
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
