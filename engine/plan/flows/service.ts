import { gravest } from "../../../schemas/impact.ts";
import { erasedBy } from "../erases.ts";
import { bootRamdisk, softOff } from "./acts.ts";
import { names, requestedList } from "./clean.ts";
import { ownEntry, stepEntry } from "./entries.ts";
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
    const { settings } = view;
    const steps = list.map((step) => stepEntry(view, step, erased.serials));
    const ramdisk = steps.some(({ requiresRamdisk }) => requiresRamdisk);
    const entries = ramdisk
      ? [
          ownEntry(
            "deploy",
            "prepare_service",
            bootRamdisk("service", softOff(settings), settings),
          ),
          ...steps,
          ownEntry("deploy", "tear_down_service", backToInstance(view)),
        ]
      : steps;
    return {
      entries,
      impact: gravest(entries.map(({ impact }) => impact)),
      ends: ramdisk ? { power: "on" } : {},
      results: {},
      erases: erased.erases,
      why: `as the request ${request.request.id} asks: ${names(list)}`,
    };
  },
};
