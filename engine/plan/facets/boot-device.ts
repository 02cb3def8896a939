import { known } from "../../../schemas/observation.ts";
import { sameValue } from "../canonical-json.ts";
import { agreedBefore } from "../cause.ts";
import {
  enforceOwnDeploys,
  type Facet,
  RANKS,
  suspendedBy,
  unsupported,
  whyUnknown,
} from "./facet.ts";

/** What the machine boots from, for good: a boot once is a person's act, not a wish in git. */
export const bootDeviceFacet: Facet = {
  name: "bootDevice",
  observes: ["bootDevice"],
  driftDefault: enforceOwnDeploys,
  value: (observation) => known(observation, "bootDevice"),

  compare({ node, record, observation }) {
    const device = node.spec.boot?.device;
    if (device === undefined) return { kind: "undeclared" };
    const desired = { device, persistent: true };
    const why = suspendedBy(record);
    if (why !== null) return { kind: "suspended", why };
    const seen = known(observation, "bootDevice");
    if (seen === undefined)
      return { kind: "unknown", desired, why: whyUnknown(observation, "bootDevice") };
    if (seen.device === device && seen.persistent) return { kind: "same", desired };
    // Git says what every boot is from now on: the next one alone may be from elsewhere, once git's word held.
    const isOnce = seen.device !== "none" && !seen.persistent;
    if (isOnce && sameValue(agreedBefore({ name: "bootDevice" }, { record, observation }), desired))
      return {
        kind: "suspended",
        why: `boots once from ${seen.device}; compared again after that boot`,
      };
    const observed = seen.device === "none" ? null : seen;
    return { kind: "differs", desired, differences: [{ path: "/boot/device", desired, observed }] };
  },

  close({ node, observation, settings }) {
    const device = node.spec.boot?.device ?? "disk";
    const can = observation?.capabilities.bootDevices;
    if (can !== undefined && !can.includes(device))
      return unsupported(`boot device ${device} is not offered by this BMC (${can.join(", ")})`);
    return {
      kind: "steps",
      drafts: [
        {
          action: { verb: "management.setBootDevice", device, persistent: true },
          impact: "in-place",
          before: { bootDevice: known(observation, "bootDevice") },
          after: { bootDevice: { device, persistent: true } },
          timeoutSeconds: settings.timeouts.settingSeconds,
          why: "for every boot from now on",
          rank: RANKS.bootDevice,
        },
      ],
    };
  },
};
