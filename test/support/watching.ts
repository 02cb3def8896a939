import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import type { EngineEvent } from "../../schemas/event.ts";
import { runCli, type Running, startCli } from "./run-cli.ts";
import { type TempRepo, tempRepo } from "./temp-repo.ts";

export const WATCH_SETTINGS = `git: { pollSeconds: 1 }
powerSync: { intervalSeconds: 10 }
watch: { maxImpact: destructive }
lease: { ttlSeconds: 5 }
limits: { resetSpacingSeconds: 0, powerOnSpacingSeconds: 0, settleSeconds: 0 }
timeouts: { powerSeconds: 20, lookSeconds: 0.1 }
`;

export function document(name: string, spec: string): string {
  return `apiVersion: ironwright/v1
kind: Node
metadata: { name: ${name}, labels: { rack: ${name} } }
spec:
  driver: fake
  interfaces: { inspect: out-of-band }
  identity: { serial: S-${name} }
  fake: { serial: S-${name} }
  ${spec}
`;
}

/** A committed repository of new machines, with its store. */
export async function aRepo(names: readonly string[], spec: string): Promise<TempRepo> {
  const repo = await tempRepo({ "ironwright.yaml": WATCH_SETTINGS });
  for (const name of names) repo.write(`inventory/${name}.yaml`, document(name, spec));
  const made = await runCli(repo.dir, ["init", "--nodes", "new"]);
  if (made.code !== 0) throw new Error(made.err);
  await repo.commit("the machines");
  return repo;
}

/** A daemon, with the events that it has told so far. */
export interface Watching extends Running {
  events(): readonly EngineEvent[];
  /** Where it serves health and metrics. */
  url(): Promise<string>;
  /** Until it tells such an event, or has told it after the first `from` of all. */
  until(event: string, message?: RegExp, from?: number): Promise<EngineEvent>;
}

export function watch(
  repo: TempRepo,
  instance: string,
  env: Readonly<Record<string, string>> = {},
): Watching {
  const own = { IRONWRIGHT_INSTANCE: instance, ...env };
  return watching(startCli(repo.dir, ["watch", "--json"], own));
}

/** A daemon that was started with `--json`. */
export function watching(running: Running): Watching {
  let out = "";
  let err = "";
  running.child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
  running.child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
  const events = (): readonly EngineEvent[] =>
    out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as EngineEvent);
  const found = (event: string, message: RegExp, from: number): EngineEvent | undefined =>
    events()
      .slice(from)
      .find((one) => one.event === event && message.test(one.message));
  return {
    ...running,
    events,
    url: async () => {
      for (;;) {
        const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(err) ?? [];
        if (url !== undefined) return url;
        await pause(50);
      }
    },
    until: async (event, message = /./, from = 0) => {
      let one: EngineEvent | undefined;
      for (; one === undefined; one = found(event, message, from)) {
        if (running.child.exitCode !== null)
          throw new Error(`it ended: ${(await running.ended).err}`);
        await pause(50);
      }
      return one;
    },
  };
}

/** Acts that the machine took, by its own log. */
export function actsOf(repo: TempRepo, name: string): readonly string[] {
  const text = readFileSync(join(repo.dir, `.ironwright/fake/${name}.json`), "utf8");
  const { log } = JSON.parse(text) as { log: readonly { act: string }[] };
  return log.map(({ act }) => act);
}

export async function inSync(repo: TempRepo, what: string): Promise<void> {
  const { out } = await runCli(repo.dir, ["plan"]);
  expect(out).toContain(what);
}
