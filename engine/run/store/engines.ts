import { type Incarnation, incarnationSchema } from "../../../schemas/store.ts";
import type { Layout } from "./layout.ts";
import { readJson } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/**
 * Engines that live, or may: those that nobody declared dead and whose process is not seen to be gone. Of another host no
 * more can be said by one look.
 */
export async function seenEngines(
  { files, processes }: Pick<StorePorts, "files" | "processes">,
  layout: Layout,
): Promise<readonly Incarnation[]> {
  const names = await files.list(layout.instances);
  const engines: Incarnation[] = [];
  for (const name of names) {
    if (name.endsWith(".dead") || names.includes(`${name}.dead`)) continue;
    const engine = await readJson(files, layout.instance(name), incarnationSchema);
    if (engine !== null && (await processes.fate(engine)) !== "gone") engines.push(engine);
  }
  return engines;
}

/** A daemon that was not told to leave. */
export function isMember({ role, drain }: Incarnation): boolean {
  return role === "watch" && drain !== true;
}
