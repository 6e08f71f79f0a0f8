import { z } from "zod";
import { unixSeconds } from "./times.ts";

export const STEP_STATUSES = Object.freeze(["pending", "in_progress", "completed", "failed"] as const);
export const stepStatus = z.enum(STEP_STATUSES);
export type StepStatus = z.output<typeof stepStatus>;

/** AgentStep (docs/contract.md, section 3): one step of a plan, as clients and Main Service see it. */
export const agentStep = z.strictObject({
  id: z.string(),
  title: z.string(),
  description: z.string(),
  status: stepStatus,
  // The range is said and not enforced: a recorded step outside it must not stop its run's events from being
  // read.
  confidence: z.number().meta({ minimum: 0, maximum: 1 }),
  result: z.string().exactOptional(),
  startedAt: unixSeconds.exactOptional(),
  completedAt: unixSeconds.exactOptional(),
});
export type AgentStep = z.output<typeof agentStep>;

/** A step as a thread's state holds it. */
export const planStep = agentStep.extend({
  confidence: z.number().min(0).max(1),
  tool: z.string().exactOptional().describe("The tool that the step means to use, when it names one"),
});
export type PlanStep = z.output<typeof planStep>;

/** The same as a client may put it into a state: what it says more is dropped, as of every body. */
export const editedStep = planStep.strip();
