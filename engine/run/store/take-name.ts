import { z } from "zod";
import { type Failure, failure } from "../../../schemas/failure.ts";
import { incarnationSchema } from "../../../schemas/store.ts";
import type { Coroner, LivingIncarnation } from "./incarnation.ts";
import { type Layout, namesOf } from "./layout.ts";
import { readJson, type Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

const nameSchema = z.looseObject({ inc: z.string() });

/** What taking a name needs. */
export interface NameSite {
  readonly layout: Layout;
  readonly ports: StorePorts;
  readonly writer: Writer;
  readonly coroner: Coroner;
  readonly me: LivingIncarnation;
}

/**
 * Makes this engine the only one of its name, or says who has it: two daemons of one name would own the
 * same nodes. Who has it is watched until its counter moves or stood still for a ttl.
 */
export async function takeName(site: NameSite): Promise<Failure | null> {
  const { layout, ports, writer, coroner, me } = site;
  const { files } = ports;
  const { name } = me.info;
  const highest = namesOf(await files.list(layout.names), name).at(-1) ?? 0;
  const owner =
    highest === 0 ? null : await readJson(files, layout.name(name, highest), nameSchema);
  const other =
    owner === null ? null : await readJson(files, layout.instance(owner.inc), incarnationSchema);
  if (other !== null && (await coroner.lives(other, me))) return taken(name, other.host, other.pid);
  const mine = highest + 1;
  const won = await writer.take(layout.name(name, mine), { inc: me.info.inc });
  const after = namesOf(await files.list(layout.names), name);
  if (!won || after.at(-1) !== mine) return taken(name, "another host", null);
  for (const old of after) if (old < mine) await files.remove(layout.name(name, old));
  return null;
}

function taken(name: string, host: string, pid: number | null): Failure {
  const where = pid === null ? host : `${host}, process ${pid}`;
  return failure(
    "conflict",
    "IW-L01",
    `an engine named ${name} is alive already (${where}); give each engine its own name (instance in its settings, or IRONWRIGHT_INSTANCE)`,
  );
}
