import { gravest } from "../../../schemas/impact.ts";
import { endsOf, ownEntry } from "./entries.ts";
import { type Flow, recordOnly } from "./flow.ts";
import { backToInstance } from "./rescue.ts";

/** Takes a failure back: the workload runs again where there is one, else only the record moves. */
export const abortFlow: Flow = {
  verb: "provision.abort",
  draft(view, move) {
    if (move.to !== "active") return recordOnly(`${move.from} is taken back, erasing nothing`);
    const entries = [ownEntry("deploy", "tear_down_service", backToInstance(view))];
    return {
      entries,
      impact: gravest(entries.map(({ impact }) => impact)),
      ends: endsOf(entries),
      results: {},
      erases: [],
      why: `${move.from} is taken back: the workload is booted again`,
    };
  },
};
