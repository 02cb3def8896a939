import { STORE_FORMAT } from "../../../schemas/store-format.ts";
import type { Incarnation } from "../../../schemas/store.ts";
import { Coroner, LivingIncarnation } from "./incarnation.ts";
import type { Layout } from "./layout.ts";
import { Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/** An engine that lives in a store. */
export interface Life {
  readonly me: LivingIncarnation;
  readonly writer: Writer;
  readonly coroner: Coroner;
}

/** From here on others see it, and its lease is renewed until it is closed or dies. */
export async function beginLife(
  born: Pick<Incarnation, "inc" | "name" | "role" | "host" | "joins">,
  {
    layout,
    ports,
    ttlMs,
  }: { readonly layout: Layout; readonly ports: StorePorts; readonly ttlMs: number },
): Promise<Life> {
  const { clock, processes } = ports;
  const writer = new Writer(ports, layout, born.inc);
  const startedAt = clock.monotonic();
  const info: Incarnation = {
    ...born,
    ...processes.self(),
    counter: 0,
    startedAt: clock.now(),
    format: STORE_FORMAT,
  };
  await writer.take(layout.instance(born.inc), info);
  const me = new LivingIncarnation(info, { layout, ports, writer, ttlMs }, startedAt);
  me.start();
  return { me, writer, coroner: new Coroner(layout, ports, writer, ttlMs) };
}
