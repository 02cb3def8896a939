import { placeText } from "../../schemas/diagnostic.ts";
import { type FleetNode, originOf } from "../../schemas/fleet.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import { canonicalJson } from "./canonical-json.ts";
import { imageOf, sameImage } from "./flows/deploy.ts";
import type { Digest } from "./plan-id.ts";
import type { Policies } from "./policies.ts";
import type { JudgedRequest } from "./requests.ts";

/**
 * The rebuild that a node opted in to by `rebuildOn: [image]`, where a Policy says how many may be erased at once. Its
 * id is made of what was deployed by which commit and of the image that is wished for, so that each runs once: a failed
 * one is a person's to ask for again.
 */
export function rebuildWish(
  node: FleetNode,
  { instance, provisionState, usedRequests }: NodeRecord,
  { policies, digest }: { readonly policies: Policies; readonly digest: Digest },
): readonly JudgedRequest[] {
  const { provision } = node.spec;
  if (provision?.rebuildOn?.includes("image") !== true) return [];
  const image = imageOf({ node });
  const optsIn = provision.state === "active";
  const runs = provisionState === "active" && instance?.origin === "deployed";
  if (!optsIn || !runs || image === null || !policies.allowsErasing(node.labels)) return [];
  if (sameImage(image, instance.image)) return [];
  const id = `rebuildOn-${digest(canonicalJson([instance.commit, instance.image, image])).slice(0, ID_DIGITS)}`;
  const used = usedRequests[id];
  return [
    {
      request: { id, action: "rebuild" },
      place: placeText(originOf(node, "/provision/rebuildOn"), false),
      verdict: used === undefined ? "due" : "used",
      message:
        used === undefined
          ? null
          : `its rebuild by rebuildOn ran already (${used.outcome}); ask for another by a request rebuild`,
    },
  ];
}

/** Enough to tell the images of one node apart. */
const ID_DIGITS = 12;
