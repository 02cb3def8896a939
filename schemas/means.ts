import type { z } from "zod";

/** What a property means, for `schema`; `byDefault` is what stands where it is left out. */
export function means(description: string, byDefault?: string | number | boolean): z.GlobalMeta {
  return byDefault === undefined ? { description } : { description, default: byDefault };
}
