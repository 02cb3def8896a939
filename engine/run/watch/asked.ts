import type { Observation } from "../../../schemas/observation.ts";
import type { ActingStore } from "../ports.ts";
import type { Schedule } from "./schedule.ts";

/** Between two looks at what people ask for. Milliseconds. */
export const ASKED_MS = 2000;

/** Takes the nodes that a person asked for, and answers them: they come first, and a login that was refused there is tried again. */
export async function hearPeople(
  store: ActingStore,
  schedule: Schedule,
  owned: ReadonlySet<string>,
): Promise<readonly string[]> {
  const names = await store.asks.take(owned);
  if (names.length === 0) return names;
  const earlier = await store.readings();
  const readings = new Map<string, Observation>();
  for (const name of names) {
    const reading = earlier.get(name);
    if (reading?.refusedSecret === undefined) continue;
    const { refusedSecret: _tried, ...rest } = reading;
    readings.set(name, rest);
  }
  await store.saveReadings(readings);
  schedule.soon(names, "person");
  return names;
}
