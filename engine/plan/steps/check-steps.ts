import type { Code } from "../../../schemas/codes.ts";
import type { Fleet, FleetAllocation, FleetNode } from "../../../schemas/fleet.ts";
import { compareImpact } from "../../../schemas/impact.ts";
import type { Catalog } from "../../../schemas/steps.ts";
import { withAllocation } from "../allocations/allocated-node.ts";
import { deploysOf } from "../allocations/may-be-given.ts";
import { checkHints } from "../disk-hints.ts";
import { automatedClean } from "./automated-clean.ts";
import { checkUnused } from "./check-unused.ts";
import { deployList } from "./deploy-list.ts";
import { type Offers, offersOf } from "./offers-of.ts";
import { isStepRequest, requestList } from "./request-list.ts";
import type { StepFinding } from "./step-list.ts";
import { verifyList } from "./verify-list.ts";

/** Implementations of the deploy interface that write no image. */
const WITHOUT_IMAGE: readonly string[] = ["noop"];

/** Documents that name steps, and those by which nodes are deployed, as they are declared at one commit. */
export type StepDocuments = Pick<Fleet, "nodes" | "templates" | "runbooks" | "allocations">;

/** Nodes whose lists are made in one turn: some ten milliseconds. */
const TURN = 200;

/**
 * What is wrong with the steps that a fleet declares, as far as the hardware types' offers tell without a wire:
 * every node's lists are made and thrown away, and what no node uses is tried on all hardware types. In turns, the last of
 * which answers: whoever has leases to renew renews them in between.
 */
export function* checkSteps(
  documents: StepDocuments,
  catalog: Catalog,
): Generator<undefined, readonly StepFinding[], undefined> {
  const givenTo = deploysOf(documents.allocations);
  const found: StepFinding[] = [];
  let done = 0;
  for (const node of documents.nodes) {
    found.push(...checkNodeSteps(node, documents, catalog));
    found.push(...checkGiven(node, givenTo(node), { documents, catalog }));
    done += 1;
    if (done % TURN === 0) yield;
  }
  return [...found, ...checkUnused(documents, catalog)];
}

/**
 * What would stop a deploy once an Allocation has the node: a warning, for it may be given another one. All else of the
 * list is said of the node in any case.
 */
function checkGiven(
  node: FleetNode,
  allocation: FleetAllocation | undefined,
  from: { readonly documents: StepDocuments; readonly catalog: Catalog },
): readonly StepFinding[] {
  if (allocation === undefined) return [];
  const offers = offersOf(node, from.catalog);
  if (!offers.isKnown) return [];
  const given = withAllocation(node, allocation);
  return deployList(given, from.documents.templates, offers)
    .findings.filter(({ code }) => code === "IW-P08")
    .map((found) => ({
      ...found,
      severity: "warning",
      message: `${found.message} (it would be deployed for the Allocation ${allocation.name})`,
    }));
}

/** The findings of one node; those of a Runbook or a template that fits it are among them. */
export function checkNodeSteps(
  node: FleetNode,
  documents: Pick<StepDocuments, "templates" | "runbooks">,
  catalog: Catalog,
): readonly StepFinding[] {
  const offers = offersOf(node, catalog);
  const say = sayer(node);
  const interfaces = offers.problems.map(({ pointer, message }) => say("IW-I04", pointer, message));
  const always = [...interfaces, ...checkDisks(node), ...checkImage(node, offers)];
  if (!offers.isKnown) return always;
  const lists = [
    ...verifyList(node, offers).findings,
    ...deployList(node, documents.templates, offers).findings.filter(
      // A node that is not to be deployed may wait for a ramdisk that is not built.
      ({ code }) => code !== "IW-P08" || node.spec.provision?.state === "active",
    ),
    ...automatedClean(node, offers).findings,
    ...checkRequests(node, documents, offers),
  ];
  return [...always, ...lists];
}

type Say = (code: Code, pointer: string, message: string) => StepFinding;

function sayer({ name }: FleetNode): Say {
  return (code, pointer, message) => ({
    code,
    severity: "error",
    message,
    node: name,
    where: { kind: "Node", name, pointer },
  });
}

function checkDisks(node: FleetNode): readonly StepFinding[] {
  const { provision, clean } = node.spec;
  const say = sayer(node);
  const all = (clean?.keep ?? []).map((hints, index) => ({ hints, at: `/clean/keep/${index}` }));
  const root = provision?.rootDevice;
  if (root !== undefined) all.push({ hints: root, at: "/provision/rootDevice" });
  return all.flatMap(({ hints, at }) => {
    const wrong = checkHints(hints);
    return wrong === null ? [] : [say("IW-I04", at, wrong)];
  });
}

function checkImage(node: FleetNode, offers: Offers): readonly StepFinding[] {
  const { provision, interfaces } = node.spec;
  if (provision?.state !== "active") return [];
  const deploy = offers.interfaces.get("deploy")?.implementation ?? interfaces?.["deploy"] ?? "";
  const { url = "", name = "" } = provision.image ?? {};
  if (WITHOUT_IMAGE.includes(deploy) || url !== "" || name !== "") return [];
  const pointer = provision.image === undefined ? "/provision/state" : "/provision/image";
  const message =
    "state: active needs provision.image.url or provision.image.name; where something runs that was not installed from here, write state: adopted";
  return [sayer(node)("IW-I20", pointer, message)];
}

function checkRequests(
  node: FleetNode,
  { runbooks }: Pick<StepDocuments, "runbooks">,
  offers: Offers,
): readonly StepFinding[] {
  const say = sayer(node);
  return (node.spec.requests ?? []).flatMap((request, index) => {
    if (isStepRequest(request)) return requestList(node, request, runbooks, offers).findings;
    const inspect = offers.interfaces.get("inspect");
    if (request.action !== "inspect" || request.expires !== undefined) return [];
    if (inspect === undefined || compareImpact(inspect.impact ?? "none", "reboot") < 0) return [];
    return [
      say(
        "IW-I17",
        `/requests/${index}`,
        `the request ${request.id} has no expires, and inspect: ${inspect.implementation} reboots the machine; write one, 14 days at most`,
      ),
    ];
  });
}
