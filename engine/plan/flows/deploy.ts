import { gravest } from "../../../schemas/impact.ts";
import { dayText } from "../../../schemas/instant.ts";
import type { Blocked } from "../../../schemas/plan.ts";
import type { Instance } from "../../../schemas/record.ts";
import { canonicalJson, sameValue } from "../canonical-json.ts";
import { erasedBy } from "../erases.ts";
import type { NodeView } from "../facets/facet.ts";
import { whyHeldBack } from "../lost-lists.ts";
import { deployList } from "../steps/deploy-list.ts";
import { ownPriorities } from "../steps/own-steps.ts";
import { ramdiskTerms } from "../steps/ramdisk-terms.ts";
import { type ListedStep, nameOf } from "../steps/step-list.ts";
import { endsOf, stepEntries } from "./entries.ts";
import { cannot, checkedList, type Flow, type FlowDraft, isBlocked } from "./flow.ts";

/** The declared image onto the root disk of a node in the pool; what a rebuild asks for where nothing runs yet. */
export const deployFlow: Flow = {
  verb: "provision.deploy",
  draft(view, _move, request) {
    const draft = deployDraft(view);
    if (request === null || isBlocked(draft)) return draft;
    const { id, action } = request.request;
    return { ...draft, why: `${draft.why}; as the request ${id} (${action}) asks` };
  },
};

/** The declared image over the one that runs; only where a request says so. */
export const rebuildFlow: Flow = {
  verb: "provision.rebuild",
  draft: (view) => deployDraft(view),
};

/** The image that is declared: a difference in it waits for a rebuild. */
export function imageOf({ node }: Pick<NodeView, "node">): Instance["image"] {
  const image = node.spec.provision?.image;
  return image === undefined ? null : { ...image };
}

/** True for the same bytes, also where they come from another place. */
export function sameImage(a: Instance["image"], b: Instance["image"]): boolean {
  const checksum = a?.["checksum"];
  return sameValue(a, b) || (checksum !== undefined && checksum === b?.["checksum"]);
}

/** Why an image can't be written that is not any more what was applied under its name; null where it is. */
export function imageChanged({ imageMoved, node }: NodeView): Blocked | null {
  if (imageMoved === null) return null;
  const { name = "", checksum = "none" } = node.spec.provision?.image ?? {};
  const { node: first, at, checksum: before } = imageMoved;
  const when = at === null ? "" : ` on ${dayText(at)}`;
  const message = `an image of the name ${name} was applied to ${first}${when} with ${short(before)}, and the Image ${name} has ${short(checksum)} now; what a name means never changes once it was applied: declare this one under another name`;
  return { kind: "state", code: "IW-P25", message };
}

/** Enough of a checksum to tell two apart. */
function short(checksum: string): string {
  const [kind, hex = ""] = checksum.split(":");
  return hex.length > SHORT ? `${kind ?? ""}:${hex.slice(0, SHORT)}...` : checksum;
}
const SHORT = 12;

/** The hash of the config drive that is declared: a difference in it waits for a rebuild. */
export function configDriveOf({
  node,
  digest,
}: Pick<NodeView, "node" | "digest">): Instance["configDrive"] {
  const configDrive = node.spec.provision?.configDrive;
  return configDrive === undefined ? null : digest(canonicalJson(configDrive));
}

function deployDraft(view: NodeView): FlowDraft | Blocked {
  const { node, offers, templates } = view;
  const deploy = offers.interfaces.get("deploy");
  if (deploy === undefined)
    return cannot("unsupported", "IW-P13", `${node.spec.driver ?? "it"} has no deploy interface`);
  if (!deploy.built)
    return cannot(
      "not-built",
      "IW-P08",
      `the deploy interface ${deploy.implementation} is not built yet`,
    );
  const moved = imageChanged(view);
  if (moved !== null) return moved;
  const why = whyHeldBack(view, templates);
  if (why !== null)
    return cannot("unsupported", "IW-P29", `no image is written here: ${why}; ${SAY_WHAT_IT_IS}`);
  const { image } = node.spec.provision ?? {};
  if (deploy.steps.length === 0 && image !== undefined)
    return cannot(
      "unsupported",
      "IW-P13",
      `the deploy interface ${deploy.implementation} writes no image, and provision.image declares one`,
    );
  const listed = deployList(node, templates, offers);
  const list = checkedList(listed, node);
  if (isBlocked(list)) return list;
  const erased = erasedBy(view, list, `overwritten by ${imageName(view)}`);
  if (isBlocked(erased)) return erased;
  const frozen = list.map((step) => withContent(view, step));
  const entries = stepEntries(view, frozen, erased.serials);
  const terms = ramdiskTerms(offers, "deploy", {
    priorities: {
      ...ownPriorities("deploy", node),
      ...Object.fromEntries(listed.off.map((name) => [name, 0])),
    },
    mayErase: ["metadata", "full", "root"],
  });
  const boots = list.some(({ step }) => step === "boot_instance");
  return {
    entries,
    impact: gravest(entries.map(({ impact }) => impact)),
    ends: endsOf(entries),
    results: {
      instance: {
        origin: "deployed",
        image: imageOf(view),
        configDrive: configDriveOf(view),
        since: null,
        commit: null,
        by: "",
      },
      cleaned: "never",
      deployTries: null,
    },
    erases: erased.erases,
    why: boots ? `${imageName(view)}; ends on, from disk` : imageName(view),
    ...(erased.needsDisks ? { needsDisks: true as const } : {}),
    ...(terms === null || entries.length === 0 ? {} : { ramdisk: terms }),
  };
}

const SAY_WHAT_IT_IS =
  "take the trait out where the hardware is right, so that it is deployed without those steps, or have it looked at anew by the request inspect";

/**
 * What is written is frozen with the step: git may say something else by then. A config drive may hold what no record
 * is to hold, so that only its hash is frozen; its content is handed over with the act.
 */
function withContent(view: NodeView, listed: ListedStep): ListedStep {
  if (nameOf(listed) !== "deploy.write_image") return listed;
  const image = view.node.spec.provision?.image;
  const sha256 = configDriveOf(view);
  const args = {
    ...(image === undefined ? {} : { image }),
    ...(sha256 === null ? {} : { configDrive: { sha256 } }),
  };
  return { ...listed, args: { ...args, ...listed.args } };
}

/** What people call the image. */
export function imageName({ node }: Pick<NodeView, "node">): string {
  const image = node.spec.provision?.image;
  return image?.name ?? image?.url ?? "nothing is written";
}
