import type { PlanStep } from "@aura-platform/contract/agent-step.ts";
import { cutWithDots } from "../../tools/cut.ts";

/** The plan shows only the beginning of a result; the whole is in tool_execution. */
const MAX_RESULT = 200;

/** Unix seconds. */
function now(): number {
  return Math.floor(Date.now() / 1000);
}

export function startStep(step: PlanStep): PlanStep {
  return { ...step, status: "in_progress", startedAt: step.startedAt ?? now() };
}

/** A step that never ran has no startedAt. */
export function endStep(step: PlanStep, status: "completed" | "failed", result?: string): PlanStep {
  const ended: PlanStep = { ...step, status, completedAt: now() };
  return result === undefined ? ended : { ...ended, result: shorten(result) };
}

function shorten(text: string): string {
  return cutWithDots(text, MAX_RESULT);
}

/** Pending or in progress. */
function isOpen(step: PlanStep): boolean {
  return step.status === "pending" || step.status === "in_progress";
}

/**
 * The step that a turn of the agent itself works on: the first open one, if it names no tool and has not
 * begun. A later one waits until everything before it is over.
 */
export function nextOwnStep(steps: readonly PlanStep[]): PlanStep | undefined {
  const first = steps.find(isOpen);
  return first?.status === "pending" && first.tool === undefined ? first : undefined;
}

/**
 * Which step each call of a turn carries out: the first pending one naming its tool that no earlier call
 * of the turn has taken. Two parallel calls therefore get two steps, the same ones on every replay.
 */
export function assignSteps(
  calls: readonly { name: string }[],
  steps: readonly PlanStep[],
): (PlanStep | undefined)[] {
  const taken = new Set<string>();
  return calls.map(({ name }) => {
    const step = steps.find((each) => each.tool === name && each.status === "pending" && !taken.has(each.id));
    if (step !== undefined) taken.add(step.id);
    return step;
  });
}

/** The agent's own steps that are over because it has moved on to a later one. */
export function passedSteps(
  steps: readonly PlanStep[],
  assigned: readonly (PlanStep | undefined)[],
): PlanStep[] {
  const ids = new Set(assigned.map((step) => step?.id));
  const last = steps.findLastIndex((step) => ids.has(step.id));
  return steps
    .slice(0, Math.max(last, 0))
    .filter((step) => step.tool === undefined && step.status === "in_progress")
    .map((step) => endStep(step, "completed"));
}

/**
 * The last changes of the steps when the run ends, in the order of the events. A tool's step that no call
 * took has failed with `skipped`, since `completed` would be a lie. So have the agent's own steps when the
 * run was `stopped` early.
 */
export function closingSteps(
  steps: readonly PlanStep[],
  { skipped, stopped }: { skipped: string; stopped: string | null },
): PlanStep[] {
  return steps.filter(isOpen).flatMap((step) => {
    if (step.tool !== undefined) return [endStep(step, "failed", skipped)];
    if (stopped !== null) return [endStep(step, "failed", stopped)];
    const begun = startStep(step);
    const done = endStep(begun, "completed");
    return step.status === "pending" ? [begun, done] : [done];
  });
}
