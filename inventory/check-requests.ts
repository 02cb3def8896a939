import type { NodeRequest, RequestAction } from "../schemas/documents.ts";
import { instantText, parseInstant } from "../schemas/instant.ts";

/** Says what is wrong at a pointer below the list of requests. */
type Say = (pointer: string, message: string) => void;

/**
 * Actions whose requests may live without an end: they interrupt nothing. A claim means one serial number and no
 * other, and an inspection that reboots is found where the node's interfaces are known. All others must end: an
 * abort stops what runs, and an unhold lets go on what may erase, also years later on another activity.
 */
const MAY_LAST: readonly RequestAction[] = ["inspect", "claim"];

/** Arguments by the actions that take them. */
const TAKEN_BY = {
  serial: ["claim"],
  keep: ["replace"],
  runbook: ["clean", "service"],
  steps: ["clean", "service"],
} as const satisfies Record<string, readonly RequestAction[]>;

/** Rules of a node's requests that their shape cannot say; `serial` is `identity.serial`, `isKnown`: any identity. */
export function checkRequests(
  requests: readonly NodeRequest[],
  identity: { readonly serial: string | undefined; readonly isKnown: boolean },
  say: Say,
): void {
  const first = new Map<string, number>();
  for (const [index, request] of requests.entries()) {
    const here: Say = (pointer, message) =>
      say(`/${index}${pointer}`, `the request ${request.id} (${request.action}) ${message}`);
    const twin = first.get(request.id);
    if (twin === undefined) first.set(request.id, index);
    else here("/id", `has the id of requests[${twin}]; each id runs once, so give it another`);
    checkExpires(request, here);
    checkArguments(request, here);
    checkIdentity(request, identity, here);
  }
}

function checkExpires({ action, expires }: NodeRequest, say: Say): void {
  if (expires === undefined) {
    if (!MAY_LAST.includes(action))
      say("", "has no expires; from impact reboot up it needs one, 14 days at most");
  } else if (!isDate(expires))
    say("/expires", `expires at ${expires}, which is no date; write 2026-12-01T00:00:00Z`);
}

/** JavaScript takes 30 February for 2 March; nobody who writes it means that. */
function isDate(text: string): boolean {
  const day = text.slice(0, 10);
  const midnight = parseInstant(day);
  if (Number.isNaN(midnight) || Number.isNaN(parseInstant(text))) return false;
  return instantText(midnight).startsWith(day);
}

function checkArguments(request: NodeRequest, say: Say): void {
  for (const [argument, actions] of Object.entries(TAKEN_BY)) {
    const isGiven = Object.hasOwn(request, argument);
    const isTaken = actions.some((action) => action === request.action);
    if (isGiven && !isTaken)
      say(`/${argument}`, `takes no ${argument}; only ${actions.join(" and ")} does`);
  }
  if (request.action !== "clean" && request.action !== "service") return;
  const { runbook, steps } = request;
  if (runbook === undefined && steps === undefined)
    say("", "names neither a runbook nor steps; write one of them");
  if (runbook !== undefined && steps !== undefined)
    say("/steps", "names a runbook and steps; write one of them");
}

function checkIdentity(
  { action, serial }: NodeRequest,
  identity: { readonly serial: string | undefined; readonly isKnown: boolean },
  say: Say,
): void {
  if (action === "replace" && !identity.isKnown)
    say(
      "",
      "needs the new machine's identity in git; write identity: { serial: ... } in the same commit",
    );
  if (action !== "claim") return;
  if (serial === undefined || serial.trim() === "")
    say("", "needs the serial of the machine that may be erased; write serial: ...");
  else if (identity.serial !== undefined && folded(identity.serial) !== folded(serial))
    say(
      "/serial",
      `is for the machine ${serial}, and identity.serial is ${identity.serial}; a claim is for the node's own machine`,
    );
}

function folded(serial: string): string {
  return serial.trim().toLowerCase();
}
