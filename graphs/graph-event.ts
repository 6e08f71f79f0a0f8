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
      status: "executing" | "completed" | "failed";
      /** The tool's result; the error text when it failed; null while it executes. */
      result: unknown;
    }
  | { type: "content"; messageId: string; content: string };

/** One step of the plan. Times are Unix seconds. */
export interface PlanStep {
  id: string;
  title: string;
  description: string;
  status: "pending" | "in_progress" | "completed" | "failed";
  /** 0.0 to 1.0 */
  confidence: number;
  /** The tool that the step means to use, when it names one. */
  tool?: string;
  result?: string;
  startedAt?: number;
  completedAt?: number;
}
