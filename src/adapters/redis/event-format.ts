import { z } from "zod";
import type { StoredEvent, WireEvent } from "../../runs/event.ts";
import { jsonField } from "./record-format.ts";
import { errorCode } from "./records.ts";

const parameters = z.record(z.string(), z.unknown());

// Loose, so that a field that is not listed here is passed on and never lost.
const wireEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("thought"),
    data: z.looseObject({ content: z.string(), timestamp: z.number() }),
  }),
  z.object({
    type: z.literal("plan_step"),
    data: z.looseObject({
      id: z.string(),
      title: z.string(),
      description: z.string(),
      status: z.enum(["pending", "in_progress", "completed", "failed"]),
      confidence: z.number(),
      result: z.string().exactOptional(),
      startedAt: z.number().exactOptional(),
      completedAt: z.number().exactOptional(),
    }),
  }),
  z.object({
    type: z.literal("tool_execution"),
    data: z.looseObject({
      tool: z.string(),
      toolCallId: z.string(),
      parameters,
      status: z.enum(["executing", "completed", "failed"]),
      result: z.unknown(),
    }),
  }),
  z.object({
    type: z.literal("hitl"),
    data: z.looseObject({
      requestId: z.string(),
      actionType: z.string(),
      message: z.string(),
      context: parameters,
      requiresApproval: z.literal(true),
      toolCallId: z.string(),
    }),
  }),
  z.object({
    type: z.literal("content"),
    data: z.looseObject({
      content: z.string(),
      format: z.literal("markdown"),
      messageId: z.string(),
      attempt: z.number().exactOptional(),
    }),
  }),
  z.object({
    type: z.literal("error"),
    data: z.looseObject({
      errorCode,
      message: z.string(),
      traceId: z.string(),
      reason: z.enum(["superseded", "cancelled"]).exactOptional(),
    }),
  }),
]) satisfies z.ZodType<WireEvent>;

/** The value of an event's entry in the stream: field `v1` holds this JSON. The seq stands in the entry's id. */
const value = jsonField.pipe(z.object({ at: z.number(), event: wireEvent }));

/** An entry of a run's stream: an event under `<seq>-0`, or the closing mark under `<lastSeq>-1`. */
export const streamEntry = z.union([
  z
    .tuple([z.string().regex(/^\d+-0$/), z.tuple([z.literal("v1"), value])])
    .transform(([id, [, { at, event }]]): StoredEvent => ({ seq: Number.parseInt(id, 10), at, event })),
  z
    .tuple([z.string().regex(/^\d+-1$/), z.tuple([z.literal("end"), z.string()])])
    .transform(() => "end" as const),
]);

/** The value under which an event is stored. */
export function encodeEvent({ at, event }: StoredEvent): string {
  return JSON.stringify({ at, event });
}
