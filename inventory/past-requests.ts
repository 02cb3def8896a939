import type { Diagnostic } from "../schemas/diagnostic.ts";
import { type Fleet, originOf } from "../schemas/fleet.ts";
import { parseInstant } from "../schemas/instant.ts";

/** So long after its end a request is no news to anybody: as long again as the longest may live. */
const LONG_PAST_MS = 14 * 24 * 60 * 60_000;

/** Warnings for requests that ended long ago; asked with the time, for what is cached must not depend on it. */
export function pastRequests(fleet: Pick<Fleet, "nodes">, now: number): readonly Diagnostic[] {
  return fleet.nodes.flatMap((node) =>
    (node.spec.requests ?? []).flatMap(({ id, action, expires }, index): readonly Diagnostic[] => {
      if (expires === undefined || !(parseInstant(expires) < now - LONG_PAST_MS)) return [];
      const message = `${node.name}: the request ${id} (${action}) expired at ${expires}; it never runs, take it out`;
      const place = originOf(node, `/requests/${index}`);
      return [{ ...place, code: "IW-I17", severity: "warning", message }];
    }),
  );
}
