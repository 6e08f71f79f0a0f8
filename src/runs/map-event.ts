import { z } from "zod";
import { asciiJsonBytes } from "../../encoding/ascii-json.ts";
import type { AgentStep, WireEvent } from "../records/event.ts";
import { callOutcome } from "../records/event-schema.ts";

const step = z.object({
  id: z.string(),
  title: z.string(),
  description: z.string(),
  status: z.enum(["pending", "in_progress", "completed", "failed"]),
  confidence: z.number(),
  result: z.string().optional(),
  startedAt: z.number().optional(),
  completedAt: z.number().optional(),
});

/** What our graphs write to `config.writer`; other objects (a custom graph's own) are not for the client. */
const graphEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("thought"), content: z.string() }),
  z.object({ type: z.literal("plan_step"), step }),
  z.object({
    type: z.literal("tool_execution"),
    tool: z.string(),
    toolCallId: z.string(),
    parameters: z.record(z.string(), z.unknown()),
    proposed: z.record(z.string(), z.unknown()).exactOptional(),
    status: z.enum(["executing", "completed", "failed"]),
    result: z.unknown().optional(),
    outcome: callOutcome.exactOptional(),
  }),
  z.object({ type: z.literal("content"), messageId: z.string(), content: z.string() }),
]);

/**
 * Text of one event, as it is sent: JSON in ASCII, where a Korean character has 6 bytes. A frame may have 16
 * KB, but a slow reader's backlog is cut into chunks on the way, and the smaller a frame, the less often a
 * chunk lies wholly inside one, without an id of ours.
 */
const MAX_TEXT_BYTES = 1024;

/**
 * Turns one object of the graph's custom stream into SSE events, in order. Long texts become several
 * events (they are deltas); an object that is not one of ours gives none.
 *
 * @param nowMs Unix ms; the contract's event timestamps are seconds
 * @param attempt above 1 when the run was taken up again: its text may have been sent before, under the same
 *   messageId, and replaces what a lower attempt has sent
 */
export function mapGraphEvent(chunk: unknown, nowMs: number, attempt = 1): WireEvent[] {
  const parsed = graphEvent.safeParse(chunk);
  if (!parsed.success) return [];
  const event = parsed.data;
  switch (event.type) {
    case "thought": {
      const timestamp = Math.floor(nowMs / 1000);
      return splitText(event.content).map((content) => ({ type: "thought", data: { content, timestamp } }));
    }
    case "plan_step":
      return [{ type: "plan_step", data: toAgentStep(event.step) }];
    case "tool_execution": {
      const { type, tool, toolCallId, parameters, proposed, status, result = null, outcome } = event;
      const data = {
        ...{ tool, toolCallId, parameters, status, result },
        ...(proposed === undefined ? {} : { proposed }),
        ...(outcome === undefined ? {} : { outcome }),
      };
      return [{ type, data }];
    }
    case "content": {
      const { messageId } = event;
      return splitText(event.content).map((content) => ({
        type: "content",
        data: { content, format: "markdown", messageId, ...(attempt > 1 ? { attempt } : {}) },
      }));
    }
  }
}

function toAgentStep(parsed: z.infer<typeof step>): AgentStep {
  const { id, title, description, status, confidence, result, startedAt, completedAt } = parsed;
  return {
    id,
    title,
    description,
    status,
    confidence: Math.min(1, Math.max(0, confidence)),
    ...(result === undefined ? {} : { result }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(completedAt === undefined ? {} : { completedAt }),
  };
}

/** Pieces of at most MAX_TEXT_BYTES of JSON each, never cut inside a surrogate pair; none for "". */
export function splitText(text: string): string[] {
  if (text === "") return [];
  if (text.length * 6 <= MAX_TEXT_BYTES || asciiJsonBytes(text) <= MAX_TEXT_BYTES) return [text];
  let middle = Math.floor(text.length / 2);
  const unit = text.charCodeAt(middle);
  if (unit >= 0xdc00 && unit <= 0xdfff) middle -= 1;
  if (middle === 0) return [text];
  return [...splitText(text.slice(0, middle)), ...splitText(text.slice(middle))];
}
