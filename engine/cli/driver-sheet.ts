import { z } from "zod";
import type { HardwareType } from "../../drivers/driver.ts";
import { type ArgumentInfo, INTERFACES, STEP_FLOWS, type StepOffer } from "../../schemas/steps.ts";
import { kindText, propertyRows } from "./property-rows.ts";
import { table } from "./table.ts";
import { vendorData, vendorTable } from "./vendor-sheet.ts";

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
    vendor: vendorData(type.vendor ?? []),
  };
}

/** One sentence of what a hardware type is for: its schema's own description. */
export function meaningOf(type: HardwareType): string {
  return type.properties.description ?? "";
}

/** What a person reads of a hardware type, in tables that fit the width. */
export function driverSheet(type: HardwareType, width: number): string {
  const properties = propertyRows(propertiesSchema(type)).map((row) => [
    row.path,
    row.required ? "yes" : "",
    row.byDefault,
    `${kindText(row)}: ${row.meaning}`,
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
    ...vendorPart(type, width),
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

function vendorPart({ vendor = [] }: HardwareType, width: number): readonly string[] {
  if (vendor.length === 0) return ["It has no vendor methods.\n\n"];
  const head = "Vendor methods, each called on a node: ironwright node vendor NODE METHOD\n\n";
  return [head, vendorTable(vendor, width), "\n"];
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
