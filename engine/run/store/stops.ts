import { type Failure, failure } from "../../../schemas/failure.ts";
import type { StopFile } from "../../../schemas/store.ts";
import type { StoreReader } from "../ports.ts";
import type { Layout } from "./layout.ts";
import { CorruptFile, type Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/** What a word of a person, or of a breaker, to all engines needs. */
export interface StopSite {
  readonly layout: Layout;
  readonly ports: Pick<StorePorts, "files" | "clock">;
  readonly writer: Writer;
  readonly reader: Pick<StoreReader, "stop" | "acknowledged">;
}

/** A breaker never takes the place of what a person said. */
export async function setStop({ layout, writer }: StopSite, stop: StopFile): Promise<void> {
  if (stop.kind === "breaker") await writer.take(layout.stop, stop);
  else await writer.replace(layout.stop, stop);
}

/** Removes the stop and acknowledges its nodes; answers what was in force. */
export async function clearStop({
  layout,
  ports,
  writer,
  reader,
}: StopSite): Promise<StopFile | null> {
  const stop = await reader.stop().catch((error: unknown) => damagedStop(error, ports.clock));
  if (stop === null) return null;
  const nodes = [...new Set([...(await reader.acknowledged()), ...stop.nodes])];
  await writer.replace(layout.acknowledged, { nodes });
  await ports.files.remove(layout.stop);
  await ports.files.syncDir(layout.dir);
  return stop;
}

/** Of two that write at once one is lost: a name that stays is dropped in the next round, one that is lost is acknowledged anew. */
export async function dropAcknowledged(
  { layout, writer, reader }: StopSite,
  names: readonly string[],
): Promise<void> {
  const nodes = [...(await reader.acknowledged())].filter((name) => !names.includes(name));
  await writer.replace(layout.acknowledged, { nodes });
}

/** Its presence is what stops; a person may end it whatever it says. */
function damagedStop(error: unknown, clock: StorePorts["clock"]): StopFile {
  if (!(error instanceof CorruptFile)) throw error;
  return { reason: "damaged", by: "unknown", at: clock.now(), kind: "stop", nodes: [] };
}

/** Why nothing is done while it is in force. */
export function stoppedBy({ by, reason }: StopFile): Failure {
  const message = `stopped by ${by}: "${reason}"; to go on: ironwright resume`;
  return failure("waiting", "IW-P11", message);
}
