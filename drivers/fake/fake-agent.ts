import { z } from "zod";
import type { StepRun } from "../../schemas/action.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { FakeMachine } from "./fake-machine.ts";

/** What the machine reads of a step that its agent names: enough to do it. */
const namedStepSchema = z.looseObject({
  interface: z.string(),
  step: z.string(),
  erases: z.enum(["metadata", "full", "root"]).nullish(),
  args: z.record(z.string(), z.looseObject({ required: z.boolean().optional() })).optional(),
});

/** A step that the ramdisk's agent does, and nobody else knows. */
type FakeAgentStep = z.infer<typeof namedStepSchema>;

/** What the agent answers when it is asked for its steps, word for word; none where git says nothing. */
export function agentStepsOf({ agentSteps }: FakeMachine, node: FleetNode): unknown {
  return agentSteps ?? node.spec.fake?.agentSteps ?? [];
}

/** The step of that name that its agent can do; undefined for all others, also where the answer is nonsense. */
export function agentStepNamed(
  machine: FakeMachine,
  node: FleetNode,
  { interface: on, step }: Pick<StepRun, "interface" | "step">,
): FakeAgentStep | undefined {
  const named = stepsIn(agentStepsOf(machine, node));
  return named.find((one) => one.interface === on && one.step === step);
}

/** The names in an answer, `interface.step`, as far as it is one. */
export function agentNames(answer: unknown): readonly string[] {
  return stepsIn(answer).map((one) => `${one.interface}.${one.step}`);
}

function stepsIn(answer: unknown): readonly FakeAgentStep[] {
  const entries: readonly unknown[] = Array.isArray(answer) ? answer : [];
  return entries.flatMap((entry) => namedStepSchema.safeParse(entry).data ?? []);
}
