import { known } from "../../../schemas/observation.ts";
import { type Facet, RANKS, suspendedBy, unsupported, whyUnknown } from "./facet.ts";

/** Legacy BIOS or UEFI; the machine takes it over at its next power-on. */
export const bootModeFacet: Facet = {
  name: "bootMode",
  observes: ["bootMode"],
  driftDefault: () => "report",
  value: (observation) => known(observation, "bootMode"),

  compare({ node, record, observation }) {
    const desired = node.spec.boot?.mode;
    if (desired === undefined) return { kind: "undeclared" };
    const why = suspendedBy(record);
    if (why !== null) return { kind: "suspended", why };
    const observed = known(observation, "bootMode");
    if (observed === undefined)
      return { kind: "unknown", desired, why: whyUnknown(observation, "bootMode") };
    if (observed === desired) return { kind: "same", desired };
    return { kind: "differs", desired, differences: [{ path: "/boot/mode", desired, observed }] };
  },

  close({ node, observation, settings }, { observed }) {
    const mode = node.spec.boot?.mode ?? "uefi";
    const can = observation?.capabilities.bootModes;
    if (can !== undefined && !can.includes(mode))
      return unsupported(`boot mode ${mode} is not offered by this BMC (${can.join(", ")})`);
    return {
      kind: "steps",
      staged: "the next power-on",
      drafts: [
        {
          action: { verb: "management.setBootMode", mode },
          impact: "in-place",
          before: { bootMode: observed },
          after: { bootMode: mode },
          timeoutSeconds: settings.timeouts.settingSeconds,
          why: "taken over at the next power-on",
          rank: RANKS.settings,
          mayNotBoot: true,
        },
      ],
    };
  },
};
