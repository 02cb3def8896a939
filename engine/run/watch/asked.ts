import type { ActingStore } from "../ports.ts";
import type { Schedule } from "./schedule.ts";

/** Between two looks at what people ask for. Milliseconds. */
export const ASKED_MS = 2000;

/** Takes the nodes that a person asked for: they come first, and a login that was refused there is tried again. */
export async function hearPeople(
  store: ActingStore,
  schedule: Schedule,
  owned: ReadonlySet<string>,
): Promise<void> {
  const names = await store.asks.take(owned);
  if (names.length === 0) return;
  const readings = new Map(await store.readings());
  for (const name of names) {
    const reading = readings.get(name);
    if (reading?.refusedSecret === undefined) continue;
    const { refusedSecret: _tried, ...rest } = reading;
    readings.set(name, rest);
  }
  await store.saveReadings(readings);
  schedule.soon(names, "person");
}
