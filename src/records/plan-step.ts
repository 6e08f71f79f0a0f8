import type { AgentStep, StepStatus } from "@aura-platform/contract/agent-step.ts";

const OVER = Object.freeze({
  pending: false,
  in_progress: false,
  completed: true,
  failed: true,
} satisfies Record<StepStatus, boolean>);

/** Whether nothing more is done about the step. */
export function isStepOver({ status }: Pick<AgentStep, "status">): boolean {
  return OVER[status];
}
