import { z } from "zod";

/**
 * What the nodes write to `config.writer` (custom stream mode) while they work. Small on purpose: one
 * object per token. The service turns these into SSE events (src/runs/map-event.ts); Studio shows them as they are.
 */
export type GraphEvent =
  | { type: "thought"; content: string }
  | { type: "plan_step"; step: PlanStep }
  | {
      type: "tool_execution";
      tool: string;
      toolCallId: string;
      parameters: Record<string, unknown>;
      /** What the model had asked for, where a person has changed it: `parameters` is what counts. */
      proposed?: Record<string, unknown>;
      status: "executing" | "completed" | "failed";
      /** The tool's result; the error text when it failed; null while it executes. */
      result: unknown;
      /** What is known of its effect; absent while it executes. */
      outcome?: CallOutcome;
    }
  | { type: "content"; messageId: string; content: string };

/** `not_executed`: refused, invalid, or given up before it had begun. Of a failed call `unknown` means that it may have happened. */
export type CallOutcome = "completed" | "failed" | "not_executed" | "unknown";

/** One step of the plan. Times are Unix seconds. */
export const planStep = z.object({
  id: z.string(),
  title: z.string(),
  description: z.string(),
  status: z.enum(["pending", "in_progress", "completed", "failed"]),
  confidence: z.number().min(0).max(1),
  tool: z.string().exactOptional().describe("The tool that the step means to use, when it names one"),
  result: z.string().exactOptional(),
  startedAt: z.number().exactOptional(),
  completedAt: z.number().exactOptional(),
});

export type PlanStep = z.infer<typeof planStep>;
