import { z } from "zod";
import { ERRORS, type ErrorCode } from "../errors.ts";
import { shownPart } from "./approval-schema.ts";
import type { ErrorReason, WireEvent } from "./event.ts";

export const errorCode = z.custom<ErrorCode>(
  (value) => typeof value === "string" && Object.hasOwn(ERRORS, value),
  "is not an error code",
);

export const callOutcome = z.enum(["completed", "failed", "not_executed", "unknown"]);
/** Any: a newer process may know more of them, and its runs are followed all the same. */
const errorReason = z.custom<ErrorReason>((value) => typeof value === "string", "is no text");

const parameters = z.record(z.string(), z.unknown());

/** A stored event. Loose, so that a field that is not listed here is passed on and never lost. */
export const wireEvent = z.discriminatedUnion("type", [
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
      proposed: parameters.exactOptional(),
      status: z.enum(["executing", "completed", "failed"]),
      result: z.unknown(),
      outcome: callOutcome.exactOptional(),
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
      editOf: z.string().exactOptional(),
      shown: shownPart.exactOptional(),
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
      reason: errorReason.exactOptional(),
    }),
  }),
]) satisfies z.ZodType<WireEvent>;
