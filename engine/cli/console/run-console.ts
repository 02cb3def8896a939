import type { ConsoleHolder } from "../../../drivers/driver.ts";
import { instantText } from "../../../schemas/instant.ts";
import { plainText } from "../../../schemas/plain-text.ts";
import { inWords } from "../../plan/durations.ts";
import { CommandError } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { comeBack } from "./come-back.ts";
import { type Connected, type ConsoleSite, failed, passes, whoText } from "./console-site.ts";
import { storeTrouble } from "./console-history.ts";
import type { TalkEnd } from "./console-talk.ts";

/** Without a person a console is left when the machine was silent for so long after the end of what was typed. Milliseconds. */
const QUIET_MS = 1000;
/** And at the latest so long after it, also where the machine speaks on, or takes nothing. Milliseconds. */
const AFTER_END_MS = 10_000;
const LOOK_MS = 100;

/** Holds a console until it is left, and comes back when it was lost. The terminal is as before when it ends, however it ends. */
export async function runConsole(site: ConsoleSite): Promise<ExitCode> {
  const { history, terminal } = site;
  try {
    await history.open();
    const first = await openFirst(site);
    return first === null ? EXIT.refused : await hold(site, first);
  } finally {
    terminal.release();
    await history.close();
  }
}

type First = Connected & { readonly takenFrom: ConsoleHolder | null };

/** Null where somebody has it and goes on having it, by the word of the person who was asked. */
async function openFirst(site: ConsoleSite, takesOver = site.takesOver): Promise<First | null> {
  const { driver, node, talk, stopping } = site;
  const { ears, ended } = talk.ears();
  const opened = await driver.openConsole?.(node, { takesOver, ears, signal: stopping });
  if (opened === undefined) throw new Error("its type names a console that its driver has not");
  if (opened.kind === "open") return { ...opened, ended };
  if (opened.kind === "failed") throw failed(node.name, opened.failure);
  return (await isAgreed(site, opened.holder)) ? openFirst(site, true) : null;
}

async function isAgreed({ node, ask }: ConsoleSite, holder: ConsoleHolder): Promise<boolean> {
  const has = `${node.name}: ${whoText(holder)} has its console`;
  const answer = await ask(`${has}, and loses it when it is taken over. Take it over? [y/N] `);
  if (answer !== null) return /^y(es)?$/i.test(answer.trim());
  throw new CommandError(EXIT.refused, `${has}; to take it over: --take-over`, "IW-B26");
}

async function hold(site: ConsoleSite, first: First): Promise<ExitCode> {
  const { node, talk, terminal, log, clock, say, by } = site;
  const began = clock.now();
  let current: Connected = first;
  let end: TalkEnd = { kind: "left", how: "for its command failed" };
  try {
    // The log's own line comes first, whatever the machine says meanwhile.
    greet(site, first);
    talk.listen();
    talk.connect(first.console);
    await noteOpened(site, first);
    watchEnds(site);
    for (;;) {
      end = await current.ended;
      if (end.kind === "left" || !passes(end.why) || isTorn(site)) break;
      const back = await comeBack(site, current, end.why);
      if ("kind" in back) {
        end = back;
        break;
      }
      current = back;
      talk.connect(back.console);
    }
  } finally {
    terminal.release();
    await current.console.close();
    // Nobody waits for `--for`, or for the end of a pipe, any more.
    talk.leave("when it ended");
    const seconds = (clock.now() - began) / 1000;
    const how = end.kind === "left" ? `left ${end.how}` : "ended";
    log?.line(`${node.name} ${how} at ${instantText(clock.now())} by ${by}`);
    await noteClosed(site, { end, how, began });
    say(`the console is ${how}, after ${inWords(seconds)}`);
  }
  if (end.kind === "lost" && isTorn(site)) say("what was typed last may not have arrived");
  if (end.kind === "lost") throw failed(node.name, end.why);
  return !terminal.isTty && talk.isUntaken ? untaken(node.name) : EXIT.done;
}

/** A script whose middle is lost must not go on with its end. */
function isTorn({ terminal, talk }: ConsoleSite): boolean {
  return !terminal.isTty && talk.isUntaken;
}

function untaken(node: string): never {
  throw new CommandError(EXIT.failed, `${node}: the machine did not take all that was typed`);
}

function greet({ node, log, clock, by, say, wayOut }: ConsoleSite, { takenFrom }: First): void {
  const address = plainText(node.spec.bmc?.address ?? "");
  log?.line(`${node.name} at ${address} opened at ${instantText(clock.now())} by ${by}`);
  const taken = takenFrom === null ? "" : `, taken over from ${whoText(takenFrom)}`;
  say(`console of ${node.name} at ${address}${taken}; ${wayOut}`);
}

async function noteOpened({ node, history }: ConsoleSite, { takenFrom }: First): Promise<void> {
  const what = `console at ${plainText(node.spec.bmc?.address ?? "")}`;
  if (takenFrom === null) await history.note("console.opened", what);
  else await history.note("console.taken", `${what}, from ${whoText(takenFrom)}`);
  await history.close();
}

/** It is over already: a store that can't be written now is only told. */
async function noteClosed(
  { history, talk, clock, say }: ConsoleSite,
  { end, how, began }: { readonly end: TalkEnd; readonly how: string; readonly began: number },
): Promise<void> {
  const code = end.kind === "lost" ? end.why.code : null;
  try {
    const message = `${how}; ${talk.shownBytes} bytes were shown`;
    await history.note("console.closed", message, { code, durationMs: clock.now() - began });
  } catch (error) {
    say(`its end is not in the history: ${storeTrouble(error)}`);
  }
}

/** What ends a console besides the person and the BMC. */
function watchEnds(site: ConsoleSite): void {
  const { talk, clock, stopping, forMs, terminal } = site;
  const stop = (): void => talk.leave("by a signal");
  if (stopping.aborted) stop();
  stopping.addEventListener("abort", stop, { once: true });
  if (forMs !== null) {
    const over = (): void => talk.leave("when its time was over");
    clock.sleep(forMs, talk.left).then(over, () => undefined);
  } else if (!terminal.isTty) void watchPipe(site);
}

async function watchPipe({ talk, clock }: ConsoleSite): Promise<void> {
  await talk.typedOut;
  const end = clock.now() + AFTER_END_MS;
  while (!talk.left.aborted) {
    const isQuiet = !talk.isUntaken && clock.now() - talk.spokeAt >= QUIET_MS;
    if (isQuiet || clock.now() >= end) talk.leave("at the end of what was typed");
    await clock.sleep(LOOK_MS, talk.left).catch(() => undefined);
  }
}
