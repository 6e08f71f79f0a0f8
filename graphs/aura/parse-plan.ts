import type { PlanStep } from "@aura-platform/contract/agent-step.ts";
import { z } from "zod";
import { cutWithDots } from "../../tools/cut.ts";
import type { ToolRegistry } from "../../tools/registry.ts";
import { findJson } from "./json-in-text.ts";

const MAX_STEPS = 10;

const planned = z.object({
  title: z.string().trim().min(1).transform(cut(120)),
  description: z.string().trim().transform(cut(500)).catch(""),
  confidence: z.coerce.number().min(0).max(1).catch(0.5),
  tool: z.string().optional().catch(undefined),
});

const plan = z.union([
  z.object({ steps: z.array(z.unknown()) }).transform(({ steps }) => steps),
  z.array(z.unknown()),
]);

/**
 * Reads the plan out of the model's text. We ask for JSON in words, and neither for `response_format` nor
 * for a forced tool call: servers differ in which of those they take (LM Studio has no json_object,
 * DeepSeek no json_schema, several local models no tools), and one that does not answers 400. Every
 * server takes words. In return the text may carry fences, thoughts or remarks around the JSON.
 */
export function parsePlan(text: string, registry: ToolRegistry): PlanStep[] {
  const steps = plan.parse(findJson(text)).flatMap((each) => {
    const step = planned.safeParse(each);
    return step.success ? [step.data] : [];
  });
  if (steps.length === 0) throw new Error("the plan has no usable step");
  return steps.slice(0, MAX_STEPS).map(({ tool, ...step }, at) => ({
    id: `step-${at + 1}`,
    ...step,
    status: "pending",
    ...(tool !== undefined && registry.get(tool) ? { tool } : {}),
  }));
}

function cut(length: number) {
  return (text: string) => cutWithDots(text, length);
}
