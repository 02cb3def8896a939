import { ramdiskTerms } from "../steps/ramdisk-terms.ts";
import { bootInstance, bootRamdisk, powerOff } from "./acts.ts";
import { ownEntry } from "./entries.ts";
import { cannot, type Flow } from "./flow.ts";

const ANOTHER = "declare another: interfaces: { inspect: ... }";

/** Learns what the machine consists of: out of band where the BMC tells, else by the ramdisk. */
export const inspectFlow: Flow = {
  verb: "provision.inspect",
  draft(view) {
    const inspect = view.offers.interfaces.get("inspect");
    if (inspect === undefined || inspect.implementation === "no-inspect")
      return cannot("unsupported", "IW-P13", `its inspect interface is no-inspect; ${ANOTHER}`);
    if (!inspect.built)
      return cannot(
        "not-built",
        "IW-P08",
        `the inspect interface ${inspect.implementation} is not built yet`,
      );
    const inBand = (inspect.impact ?? "none") !== "none";
    const { settings, offers } = view;
    const terms = inBand ? ramdiskTerms(offers, null) : null;
    const boot = { settings, off: powerOff(settings), asksSteps: terms !== null };
    const entries = inBand
      ? [
          ownEntry("inspect", "boot_ramdisk", bootRamdisk("inspect", boot)),
          ownEntry("inspect", "tear_down", [bootInstance(settings), powerOff(settings)]),
        ]
      : [];
    return {
      entries,
      impact: inspect.impact ?? "none",
      ends: inBand ? { power: "off" } : {},
      results: {},
      erases: [],
      why: `learn ${inspect.learns ?? "disks and NICs"} (${inBand ? "ramdisk" : "out of band"})`,
      ...(terms === null ? {} : { ramdisk: terms }),
    };
  },
};
