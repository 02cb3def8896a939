/** Words of `event` in `apply --json` and in a node's history. */
export const EVENT_NAMES = [
  "apply.start",
  "apply.refused",
  "apply.summary",
  "node.start",
  "node.done",
  "node.failed",
  "node.skipped",
  "node.waiting",
  "step.intent",
  "step.sent",
  "step.look",
  "step.done",
  "step.failed",
  "step.not-sent",
  "step.ambiguous",
  "step.resumed",
  "lease.taken",
  "lease.lost",
  "lease.broken",
  "session.ended",
  "record.written",
  "breaker.open",
  "stopped",
  "resumed",
  "held",
  "released",
  "retry",
  "forgotten",
  "console.opened",
  "console.taken",
  "console.closed",
  "watch.start",
  "watch.stop",
  "watch.commit",
  "watch.refused",
  "watch.waiting",
  "watch.members",
  "watch.nodes",
  "watch.failed",
  "watch.withheld",
  "node.silent",
  "node.answers",
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** One line of the story: what happened, to which node, under which commit and fence. */
export interface EngineEvent {
  /** RFC 3339. */
  readonly time: string;
  /** A code from `codes.ts`, or null where nothing went wrong. */
  readonly code: string | null;
  readonly event: EventName;
  readonly node: string | null;
  readonly step: string | null;
  readonly commit: string | null;
  readonly instance: string;
  readonly fence: number | null;
  readonly message: string;
  readonly action?: string | undefined;
  readonly impact?: string | undefined;
  readonly durationMs?: number | undefined;
  readonly applied?: number | undefined;
  readonly failed?: number | undefined;
  readonly skipped?: number | undefined;
  /** Nodes whose list stands at a hold step. */
  readonly waiting?: number | undefined;
  /** Nodes without a planned step whose record alone was written. */
  readonly recorded?: number | undefined;
  readonly durationSeconds?: number | undefined;
  /** Members that came into the ring, or went (`watch.members`). */
  readonly joined?: number | undefined;
  readonly left?: number | undefined;
  /** Nodes that this engine owns now, or owned before (`watch.nodes`). */
  readonly gained?: number | undefined;
  readonly lost?: number | undefined;
}
