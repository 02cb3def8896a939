import { known } from "../../../schemas/observation.ts";
import { type Facet, RANKS, suspendedBy, unsupported, whyUnknown } from "./facet.ts";

/** UEFI secure boot, as set; the running system may have booted with another value. */
export const secureBootFacet: Facet = {
  name: "secureBoot",
  observes: ["secureBoot"],
  driftDefault: () => "report",
  value: (observation) => known(observation, "secureBoot")?.enabled,

  compare({ node, record, observation }) {
    const desired = node.spec.boot?.secureBoot;
    if (desired === undefined) return { kind: "undeclared" };
    const why = suspendedBy(record);
    if (why !== null) return { kind: "suspended", why };
    const observed = known(observation, "secureBoot")?.enabled;
    if (observed === undefined)
      return { kind: "unknown", desired, why: whyUnknown(observation, "secureBoot") };
    if (observed === desired) return { kind: "same", desired };
    return {
      kind: "differs",
      desired,
      differences: [{ path: "/boot/secureBoot", desired, observed }],
    };
  },

  close({ node, observation, settings }, { observed }) {
    const enabled = node.spec.boot?.secureBoot === true;
    if (observation?.capabilities.secureBoot === false)
      return unsupported("this BMC does not offer secure boot");
    const mode = node.spec.boot?.mode ?? known(observation, "bootMode");
    if (enabled && mode === "bios")
      return unsupported("secure boot needs boot mode uefi; declare boot.mode: uefi as well");
    return {
      kind: "steps",
      staged: "the next power-on",
      drafts: [
        {
          action: { verb: "management.setSecureBoot", enabled },
          impact: "in-place",
          before: { secureBoot: observed },
          after: { secureBoot: enabled },
          timeoutSeconds: settings.timeouts.settingSeconds,
          why: "taken over at the next power-on",
          rank: RANKS.settings,
          mayNotBoot: true,
        },
      ],
    };
  },
};
