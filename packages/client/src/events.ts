import { z } from "zod";
import { agentStep, wholeEvent } from "./shapes.ts";

const record = z.record(z.string(), z.unknown());

/** What a run's events carry, as far as they are drawn (docs/contract.md, section 3). */
const drawable = z.discriminatedUnion("type", [
  z.object({ type: z.literal("thought"), data: z.object({ content: z.string() }) }),
  z.object({ type: z.literal("plan_step"), data: agentStep }),
  z.object({
    type: z.literal("tool_execution"),
    data: z.object({
      tool: z.string(),
      parameters: record,
      status: z.string(),
      result: z.unknown().optional(),
      outcome: z.unknown().optional(),
      // Of later versions it may have another shape: what is done is drawn all the same.
      proposed: z.unknown().optional(),
    }),
  }),
  z.object({
    type: z.literal("hitl"),
    data: z.object({
      requestId: z.string(),
      actionType: z.string(),
      message: z.string(),
      context: record,
      editOf: z.unknown().optional(),
    }),
  }),
  z.object({
    type: z.literal("content"),
    data: z.object({
      content: z.string(),
      messageId: z.string().optional(),
      attempt: z.number().optional(),
    }),
  }),
  z.object({
    type: z.literal("error"),
    data: z.object({ errorCode: z.string(), message: z.string(), reason: z.string().optional() }),
  }),
]);
export type DrawableEvent = z.output<typeof drawable>;

/** One event of a run, as it was sent. */
export interface RunEvent {
  /** `<runId>:<seq>`, which the service issued. */
  id: string;
  runId: string;
  type: string;
  data: Record<string, unknown>;
}

/** A position that Aura-Platform has issued; the Gateway invents ids of another shape. */
const POSITION = /^([A-Za-z0-9_-]{1,128}):(?:0|[1-9][0-9]*)$/;

/** The run of a position, or null when the text is not one of the service's. */
export function runOfPosition(id: string | undefined): string | null {
  return POSITION.exec(id ?? "")?.[1] ?? null;
}

/** The event in an SSE frame's data under its id; null when the frame arrived damaged. */
export function parseRunEvent(id: string | undefined, data: string): RunEvent | null {
  const runId = runOfPosition(id);
  if (id === undefined || runId === null) return null;
  const parsed = wholeEvent.safeParse(parseJson(data));
  if (!parsed.success) return null;
  const { type, data: fields } = parsed.data;
  return { id, runId, type, data: fields };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller learns it from the schema.
    return undefined;
  }
}

/** The event with what is drawn of it; null for a type of later versions, or when the service had to cut it. */
export function asDrawable({ type, data }: Pick<RunEvent, "type" | "data">): DrawableEvent | null {
  return drawable.safeParse({ type, data }).data ?? null;
}
