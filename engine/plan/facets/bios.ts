import { known } from "../../../schemas/observation.ts";
import { type Difference, type Facet, notBuilt, suspendedBy, whyUnknown } from "./facet.ts";

/** BIOS attributes, by the names that the machine's own registry gives them; read and reported so far. */
export const biosFacet: Facet = {
  name: "bios",
  observes: ["bios"],
  driftDefault: () => "report",
  value: (observation) => known(observation, "bios"),

  compare({ node, record, observation }) {
    const desired = node.spec.bios;
    if (desired === undefined || Object.keys(desired).length === 0) return { kind: "undeclared" };
    const why = suspendedBy(record);
    if (why !== null) return { kind: "suspended", why };
    const seen = known(observation, "bios");
    if (seen === undefined)
      return { kind: "unknown", desired, why: whyUnknown(observation, "bios") };
    const differences: Difference[] = [];
    for (const [name, value] of Object.entries(desired)) {
      const observed = seen[name] ?? null;
      // Registries mix numbers and text for one attribute; people write either.
      if (observed !== null && String(observed) === String(value)) continue;
      differences.push({ path: `/bios/${name}`, desired: value, observed });
    }
    if (differences.length === 0) return { kind: "same", desired };
    return { kind: "differs", desired, differences };
  },

  close(_view, { path }) {
    return notBuilt(
      `${path.slice(1).replace("/", ".")} differs; setting BIOS attributes is not built yet`,
    );
  },
};
