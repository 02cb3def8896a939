import { gravest } from "../../../schemas/impact.ts";
import { softOff } from "./acts.ts";
import { cleanDraft, givenUp } from "./clean.ts";
import { ownEntry } from "./entries.ts";
import { type Flow, isBlocked } from "./flow.ts";

/** Stops the workload, then cleans as on every way into the pool. It is gone also where nothing is cleaned. */
export const undeployFlow: Flow = {
  verb: "provision.undeploy",
  draft(view, _move, request) {
    const clean = cleanDraft(view);
    const { node } = view;
    if (isBlocked(clean)) return clean;
    const stop = ownEntry("deploy", "tear_down", [softOff(view.settings)]);
    const [first, ...rest] = clean.entries;
    const cleaning =
      first === undefined ? [] : [{ ...first, enters: "cleaning" as const }, ...rest];
    const entries = [stop, ...cleaning];
    const asked = request === null ? "" : ` (request ${request.request.id})`;
    return {
      ...clean,
      entries,
      // The workload is given up: what is on its disks is nobody's from here on.
      impact: gravest(["destructive", clean.impact]),
      ends: { power: "off", ...(node.allocation === undefined ? { allocation: null } : {}) },
      results: { ...clean.results, ...givenUp(view) },
      why: `the workload is stopped and given up; ${clean.why}${asked}`,
    };
  },
};
