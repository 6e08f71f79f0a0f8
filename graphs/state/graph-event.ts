import type { PlanStep } from "@aura-platform/contract/agent-step.ts";
import type { EventData } from "@aura-platform/contract/events.ts";

/**
 * What the nodes write to `config.writer` (custom stream mode) while they work. Small on purpose: one object
 * per token. The service makes events of these (src/runs/map-event.ts); Studio shows them as they are.
 */
export type GraphEvent =
  | ({ type: "thought" } & Pick<EventData<"thought">, "content">)
  | { type: "plan_step"; step: PlanStep }
  | ({ type: "tool_execution" } & EventData<"tool_execution">)
  | ({ type: "content" } & Pick<EventData<"content">, "messageId" | "content">);
