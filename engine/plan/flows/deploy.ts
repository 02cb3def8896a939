import { gravest } from "../../../schemas/impact.ts";
import type { Blocked } from "../../../schemas/plan.ts";
import { canonicalJson } from "../canonical-json.ts";
import { erasedBy } from "../erases.ts";
import type { NodeView } from "../facets/facet.ts";
import { deployList } from "../steps/deploy-list.ts";
import { type ListedStep, nameOf } from "../steps/step-list.ts";
import { endsOf, stepEntries } from "./entries.ts";
import { cannot, checkedList, type Flow, type FlowDraft, isBlocked } from "./flow.ts";

/** The declared image onto the root disk of a node in the pool. */
export const deployFlow: Flow = { verb: "provision.deploy", draft: (view) => deployDraft(view) };

/** The declared image over the one that runs; only where a request says so. */
export const rebuildFlow: Flow = {
  verb: "provision.rebuild",
  draft: (view) => deployDraft(view),
};

/** What of a declaration makes a workload: a difference in it waits for a rebuild. */
export function workloadOf({ node, digest }: Pick<NodeView, "node" | "digest">): {
  readonly image: Readonly<Record<string, unknown>> | null;
  readonly configDrive: string | null;
} {
  const { image, configDrive } = node.spec.provision ?? {};
  return {
    image: image === undefined ? null : { ...image },
    configDrive: configDrive === undefined ? null : digest(canonicalJson(configDrive)),
  };
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
  const { image } = node.spec.provision ?? {};
  if (deploy.steps.length === 0 && image !== undefined)
    return cannot(
      "unsupported",
      "IW-P13",
      `the deploy interface ${deploy.implementation} writes no image, and provision.image declares one`,
    );
  const list = checkedList(deployList(node, templates, offers));
  if (isBlocked(list)) return list;
  const erased = erasedBy(view, list, `overwritten by ${imageName(view)}`);
  if (isBlocked(erased)) return erased;
  const frozen = list.map((step) => withImage(step, image));
  const entries = stepEntries(view, frozen, erased.serials);
  const boots = list.some(({ step }) => step === "boot_instance");
  return {
    entries,
    impact: gravest(entries.map(({ impact }) => impact)),
    ends: endsOf(entries),
    results: {
      instance: {
        origin: "deployed",
        ...workloadOf(view),
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
  };
}

/** What is written is frozen with the step: git may say something else by then. */
function withImage(listed: ListedStep, image: unknown): ListedStep {
  if (nameOf(listed) !== "deploy.write_image" || image === undefined) return listed;
  return { ...listed, args: { image, ...listed.args } };
}

/** What people call the image. */
export function imageName({ node }: Pick<NodeView, "node">): string {
  const image = node.spec.provision?.image;
  return image?.name ?? image?.url ?? "nothing is written";
}
