import { z } from "zod";
import type { Layout } from "./layout.ts";
import { readJson, type Writer } from "./store-files.ts";
import type { FilesPort } from "./store-ports.ts";

/** `allocations/<name>`: the node that was taken for an Allocation. */
export const holderSchema = z.object({ uuid: z.string(), node: z.string() });
type Holder = Readonly<z.infer<typeof holderSchema>>;

/** Takes a node for an Allocation; answers the name of the one that was taken before, null when it is this one. */
export async function takeAllocation(
  { layout, files, writer }: { layout: Layout; files: FilesPort; writer: Writer },
  { allocation, holder }: { readonly allocation: string; readonly holder: Holder },
  free: (uuid: string) => Promise<boolean>,
): Promise<string | null> {
  await files.makeDir(layout.allocations);
  const path = layout.allocation(allocation);
  for (let tries = 0; tries < 2; tries += 1) {
    if (await writer.take(path, holder)) return null;
    const first = await readJson(files, path, holderSchema);
    if (first?.uuid === holder.uuid) return null;
    if (first !== null && !(await free(first.uuid))) return first.node;
  }
  return "another node";
}
