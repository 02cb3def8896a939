import type { EngineEvent } from "../../schemas/event.ts";
import { parseInstant } from "../../schemas/instant.ts";
import type { CommandInput } from "./command.ts";
import { cut } from "./table.ts";

/** Lines of running nodes that are shown at once; more are counted. */
const MOST_LINES = 12;

/** Ways to tell the story of an apply: NDJSON on stdout, a live block on a terminal, JSON log lines elsewhere. */
export function eventPrinter(input: CommandInput): (event: EngineEvent) => void {
  const { io, common } = input;
  if (common.json) return (event) => io.out(`${JSON.stringify(event)}\n`);
  if (!io.stderrIsTty) return (event) => logEvent(input, event);
  return terminalPrinter(input);
}

function logEvent({ io }: CommandInput, event: EngineEvent): void {
  const { message, time: _time, ...fields } = event;
  const level =
    event.event.endsWith("failed") || event.event === "step.ambiguous" ? "warn" : "info";
  if (event.event === "step.look") io.log("debug", message, fields);
  else io.log(level, message, fields);
}

/** What a node is at, as the live block shows it. */
interface AtWork {
  readonly action: string;
  readonly since: number;
  readonly text: string;
}

const ENDED = new Set(["node.done", "node.failed", "node.skipped", "node.waiting"]);

function terminalPrinter({ io }: CommandInput): (event: EngineEvent) => void {
  const running = new Map<string, AtWork>();
  let drawn = "";
  return (event) => {
    const { node, message } = event;
    if (node === null) {
      if (event.event === "apply.start") io.err(`${message}\n`);
      return;
    }
    const line = lineOf(event, io.colors);
    if (line !== null) io.err(`${cut(line, io.columns)}\n`);
    if (ENDED.has(event.event)) running.delete(node);
    else running.set(node, atWork(event, running.get(node)));
    const lines = [...running].slice(0, MOST_LINES).map(([name, work]) => {
      const seconds = Math.round((parseInstant(event.time) - work.since) / 1000);
      return cut(
        `  ${name}  ${work.action}  ${work.text}${seconds > 0 ? `, ${seconds} s` : ""}`,
        io.columns,
      );
    });
    if (running.size > MOST_LINES) lines.push(`  and ${running.size - MOST_LINES} more at work`);
    const text = lines.join("\n");
    // What was printed above pushed the block away; otherwise an equal block is not drawn again.
    if (line !== null || text !== drawn) io.progress(lines);
    drawn = text;
  };
}

function atWork(event: EngineEvent, before: AtWork | undefined): AtWork {
  const at = parseInstant(event.time);
  const begins = event.event === "step.intent" || before === undefined;
  return {
    action: event.action ?? before?.action ?? "",
    since: begins ? at : before.since,
    text: doing(event),
  };
}

function doing({ event, message }: EngineEvent): string {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the rest says it by itself
  switch (event) {
    case "step.intent":
      return "is being asked";
    case "step.sent":
      return "accepted, looking for its effect";
    case "step.done":
      return "done";
    default:
      return message;
  }
}

type Colors = CommandInput["io"]["colors"];

/** What stays on the screen; waiting and looking do not. */
function lineOf(event: EngineEvent, colors: Colors): string | null {
  const { node, action = "", message, code } = event;
  const seconds =
    event.durationMs === undefined ? "" : ` after ${Math.round(event.durationMs / 100) / 10} s`;
  const why = `${message}${code === null ? "" : `   ${code}`}`;
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the rest is no line
  switch (event.event) {
    case "step.done":
      return `${node}  ${action}  ${colors.good("done")}${seconds}${message === "seen" ? "" : ` (${message})`}`;
    case "step.failed":
    case "step.not-sent":
    case "step.ambiguous":
      return `${node}  ${action}  ${colors.lost(event.event.slice(5))}: ${why}`;
    case "step.resumed":
      return `${node}  ${action}  resumed: ${message}`;
    case "node.skipped":
      return `${node}  ${colors.notDone("skipped")}: ${why}`;
    case "node.waiting":
      return `${node}  ${colors.notDone("waiting")}: ${why}`;
    case "session.ended":
      return `${node}  ${message}`;
    default:
      return null;
  }
}
