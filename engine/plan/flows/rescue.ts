import type { FlowAct } from "../../../schemas/plan.ts";
import type { NodeView } from "../facets/facet.ts";
import { bootFromDisk, bootInstance, bootRamdisk, powerOn, softOff } from "./acts.ts";
import { endsOf, ownEntry, stepEntries } from "./entries.ts";
import { cannot, type Flow } from "./flow.ts";

/** What the ramdisk itself does for a rescue: it lets a person in. */
const NAMED = {
  interface: "rescue",
  step: "rescue",
  priority: null,
  args: {},
  source: "driver",
} as const;

const ANOTHER = "declare another: interfaces: { rescue: ... }";

/** Boots the rescue ramdisk beside the workload; its disks are kept. */
export const rescueFlow: Flow = {
  verb: "provision.rescue",
  draft(view) {
    const rescue = view.offers.interfaces.get("rescue");
    if (rescue === undefined || rescue.implementation === "no-rescue")
      return cannot("unsupported", "IW-P13", `its rescue interface is no-rescue; ${ANOTHER}`);
    if (!rescue.built)
      return cannot(
        "not-built",
        "IW-P08",
        `the rescue interface ${rescue.implementation} is not built yet`,
      );
    const { settings } = view;
    const finish = rescue.steps
      .filter(({ step }) => step === "rescue")
      .map((offer) => ({ ...NAMED, offer }));
    const entries = [
      ownEntry(
        "rescue",
        "boot_ramdisk",
        bootRamdisk("rescue", { settings, off: softOff(settings), asksSteps: false }),
      ),
      ...stepEntries(view, finish, null, "rescue"),
    ];
    return {
      entries,
      impact: "reboot",
      ends: endsOf(entries),
      results: {},
      erases: [],
      why: "the rescue ramdisk; the workload is stopped and kept",
    };
  },
};

/** Boots the workload again. */
export const unrescueFlow: Flow = {
  verb: "provision.unrescue",
  draft(view) {
    const entries = [ownEntry("rescue", "boot_instance", backToInstance(view))];
    return {
      entries,
      impact: "reboot",
      ends: endsOf(entries),
      results: {},
      erases: [],
      why: "back to what runs on its disk",
    };
  },
};

/** From a ramdisk, or from whatever is left of one, to the workload. */
export function backToInstance({ settings }: Pick<NodeView, "settings">): readonly FlowAct[] {
  return [bootInstance(settings), softOff(settings), bootFromDisk(settings), powerOn(settings)];
}
