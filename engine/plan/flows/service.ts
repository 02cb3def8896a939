import { gravest } from "../../../schemas/impact.ts";
import { erasedBy } from "../erases.ts";
import { ramdiskTerms } from "../steps/ramdisk-terms.ts";
import { bootRamdisk, softOff } from "./acts.ts";
import { names, requestedList } from "./clean.ts";
import { endsOf, ownEntry, stepEntries } from "./entries.ts";
import { cannot, type Flow, isBlocked } from "./flow.ts";
import { backToInstance } from "./rescue.ts";

/** Steps on a node with a workload, in the order in which they are written; the workload runs again after them. */
export const serviceFlow: Flow = {
  verb: "provision.service",
  draft(view, _move, request) {
    if (request === null) return cannot("request", "IW-P07", "a service needs a request");
    const list = requestedList(view, request);
    if (isBlocked(list)) return list;
    const erased = erasedBy(view, list, "by the service");
    if (isBlocked(erased)) return erased;
    const { settings, offers } = view;
    const terms = ramdiskTerms(offers, "service");
    const ramdisk = list.some(({ offer }) => offer.requiresRamdisk);
    const entries = ramdisk
      ? [
          ownEntry(
            "deploy",
            "prepare_service",
            bootRamdisk("service", {
              settings,
              off: softOff(settings),
              asksSteps: terms !== null,
            }),
          ),
          ...stepEntries(view, list, erased.serials, "service"),
          ownEntry("deploy", "tear_down_service", backToInstance(view)),
        ]
      : stepEntries(view, list, erased.serials);
    return {
      entries,
      impact: gravest(entries.map(({ impact }) => impact)),
      ends: endsOf(entries),
      results: {},
      erases: erased.erases,
      why: `as the request ${request.request.id} asks: ${names(list)}`,
      ...(terms === null || !ramdisk ? {} : { ramdisk: terms }),
    };
  },
};
