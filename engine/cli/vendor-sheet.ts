import { z } from "zod";
import type { VendorMethod } from "../../drivers/driver.ts";
import { kindText, type PropertyRow, propertyRows } from "./property-rows.ts";
import { table } from "./table.ts";

/** JSON Schema (2020-12) of what a vendor method is called with. */
function argsSchema({ args }: VendorMethod): Record<string, unknown> {
  return z.toJSONSchema(args, { io: "input" });
}

/** The arguments of a vendor method, one row each. */
export function argumentRows(method: VendorMethod): readonly PropertyRow[] {
  return propertyRows(argsSchema(method));
}

/** `tag (string, 1 to 63 characters, required): the tag, without spaces`. */
export function argumentText(row: PropertyRow): string {
  const needed = row.required ? ", required" : row.byDefault && `, default ${row.byDefault}`;
  return `${row.path} (${kindText(row)}${needed}): ${row.meaning}`;
}

/** Vendor methods for a program. */
export function vendorData(methods: readonly VendorMethod[]): readonly Record<string, unknown>[] {
  return methods.map((method) => {
    const { name, description, reads, impact } = method;
    return { name, description, reads, impact, args: argsSchema(method) };
  });
}

/** Vendor methods for a person, in a table that fits the width. */
export function vendorTable(methods: readonly VendorMethod[], width: number): string {
  const rows = methods.map((method) => [
    method.name,
    method.reads ? "reads" : method.impact,
    [method.description, ...argumentRows(method).map(argumentText)].join("; "),
  ]);
  const head = ["method", "impact", "what it does; its arguments"];
  return table(head, rows, width, ["method", "impact"]);
}
