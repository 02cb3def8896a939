import { type Failure, failure } from "../../../schemas/failure.ts";
import { instantText } from "../../../schemas/instant.ts";
import type { MovedTo } from "../../../schemas/store.ts";

/** Of a store that was moved elsewhere: who still comes here is told where it is. */
export function movedAway(place: string, { backend, place: to, by, at }: MovedTo): Failure {
  const day = instantText(at).slice(0, 10);
  return failure(
    "stalled",
    "IW-S03",
    `the store in ${place} was moved to ${to} by ${by} on ${day}, and this one grants nothing any more; set lease.backend: ${backend} in the settings`,
  );
}
