import type { Diagnostic, Place } from "../schemas/diagnostic.ts";
import { type FleetAllocation, type FleetNode, originOf } from "../schemas/fleet.ts";

/**
 * Resource classes that Nova takes for one: it knows them by CUSTOM_ and their capitals and digits, all else as `_`.
 * Here an Allocation means the very word, so that one of the two is probably misspelt.
 */
export function checkClasses(
  nodes: readonly FleetNode[],
  allocations: readonly FleetAllocation[],
): readonly Diagnostic[] {
  const places = new Map<string, Place>();
  const note = (name: string | undefined, place: () => Place): void => {
    if (name !== undefined && !places.has(name)) places.set(name, place());
  };
  for (const node of nodes) note(node.spec.resourceClass, () => originOf(node, "/resourceClass"));
  for (const { spec, origins, place } of allocations)
    note(spec.resourceClass, () => origins["/resourceClass"] ?? place);
  const first = new Map<string, string>();
  return [...places].flatMap(([name, { file, line, column }]) => {
    const inNova = `CUSTOM_${name.toUpperCase().replaceAll(/[^0-9A-Z]+/g, "_")}`;
    const twin = first.get(inNova);
    if (twin === undefined) first.set(inNova, name);
    const its = twin === undefined ? undefined : places.get(twin);
    if (its === undefined) return [];
    const message = `the resource classes ${name} and ${twin ?? ""} (${its.file}:${its.line}) are two here and one to Nova (${inNova}); write one of them in both places`;
    return [{ file, line, column, code: "IW-I04", severity: "warning" as const, message }];
  });
}
