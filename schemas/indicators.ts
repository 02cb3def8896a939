import { z } from "zod";

/** Parts of a machine that have lights (Ironic's components that Redfish can set). */
export const INDICATOR_COMPONENTS = ["chassis", "system", "disk"] as const;
export type IndicatorComponent = (typeof INDICATOR_COMPONENTS)[number];

/** What a light can be set to. */
export const INDICATOR_STATES = ["on", "off", "blinking"] as const;
export type IndicatorState = (typeof INDICATOR_STATES)[number];

const stateSchema = z.enum(INDICATOR_STATES);

/** One word for all lights of a component, or one for each of them by its id, as `node led NODE` lists them. */
const componentSchema = z.union([stateSchema, z.record(z.string().min(1), stateSchema)]);

/** `indicators: { system: blinking, disk: { "1:0": on } }`. */
export const indicatorsSchema = z.strictObject({
  chassis: componentSchema.optional(),
  system: componentSchema.optional(),
  disk: componentSchema.optional(),
});
export type Indicators = z.infer<typeof indicatorsSchema>;

/** One light as the BMC shows it. */
export interface IndicatorReading {
  readonly state: IndicatorState | "unknown";
  /** What it can be set to; empty where it can only be read. */
  readonly states: readonly IndicatorState[];
  /** It is of more machines than this one, as that of an enclosure: only who names it sets it. */
  readonly shared?: true;
}

/** The name of a light: `disk/1:0`. */
export function indicatorName(component: IndicatorComponent, id: string): string {
  return `${component}/${id}`;
}
