import type { ConsoleOpened } from "../../../drivers/driver.ts";
import type { Failure } from "../../../schemas/failure.ts";
import { instantText } from "../../../schemas/instant.ts";
import { inWords } from "../../plan/durations.ts";
import type { TalkEnd } from "./console-talk.ts";
import { type Connected, type ConsoleSite, passes, takenFailure } from "./console-site.ts";

/** Before each try; the last one goes on. Milliseconds. */
const WAITS = [1000, 2000, 4000, 5000] as const;
const LAST_WAIT_MS = 5000;

/** Opens a console that was lost again, for as long as it takes and the person does not leave. Nobody is thrown out for it. */
export async function comeBack(
  site: ConsoleSite,
  lost: Connected,
  why: Failure,
): Promise<Connected | TalkEnd> {
  const { node, driver, talk, clock, log, say, progress } = site;
  const began = clock.now();
  const missing = talk.isUntaken ? "; what was typed last may not have arrived" : "";
  say(`the console is lost: ${why.message}${missing}. Trying to come back; ${site.wayOut}`);
  log?.line(`${node.name} lost at ${instantText(began)}`);
  await lost.console.close();
  for (let tries = 0; ; tries += 1) {
    await clock.sleep(WAITS[tries] ?? LAST_WAIT_MS, talk.left).catch(() => undefined);
    const { ears, ended } = talk.ears();
    if (talk.left.aborted) return ended;
    const how = { takesOver: false, ears, signal: talk.left };
    const opened = await driver.openConsole?.(node, how);
    const after = inWords((clock.now() - began) / 1000);
    if (opened?.kind === "open") {
      say(`the console is back after ${after}`);
      log?.line(`${node.name} back at ${instantText(clock.now())}`);
      return { console: opened.console, ended };
    }
    if (talk.left.aborted) return ended;
    const end = opened === undefined ? null : endOf(opened);
    if (end !== null) return end;
    progress(`not back yet after ${after}, tried ${tries + 1} times; ${site.wayOut}`);
  }
}

/** Why it does not come back; null where it is tried again. */
function endOf(opened: Exclude<ConsoleOpened, { readonly kind: "open" }>): TalkEnd | null {
  if (opened.kind === "failed")
    return passes(opened.failure) ? null : { kind: "lost", why: opened.failure };
  const { user, address } = opened.holder;
  // Of whom nothing is known, it may be the session that was lost, which a BMC keeps for a minute.
  if (user === null && address === null) return null;
  return { kind: "lost", why: takenFailure(opened.holder) };
}
