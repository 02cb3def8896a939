import { gravest } from "../../../schemas/impact.ts";
import { verifyList } from "../steps/verify-list.ts";
import { stepEntries } from "./entries.ts";
import { checkedList, type Flow, isBlocked, recordOnly } from "./flow.ts";

/** enroll to manageable: the login is proved, the verify steps run, the identity is recorded. Else a plain move. */
export const manageFlow: Flow = {
  verb: "provision.manage",
  draft(view, move) {
    if (move.via === null) return recordOnly(`${move.from}: out of it, erasing nothing`);
    const list = checkedList(verifyList(view.node, view.offers), view.node);
    if (isBlocked(list)) return list;
    const entries = stepEntries(view, list, null);
    const named = view.node.spec.identity?.serial !== undefined;
    return {
      entries,
      impact: gravest(entries.map(({ impact }) => impact)),
      ends: {},
      results: {},
      erases: [],
      why: named ? "prove login; serial is as in git" : "prove login; record the identity",
    };
  },
};
