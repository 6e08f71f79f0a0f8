import { EVENT_TYPES, EVENTS, type EventType } from "@aura-platform/contract/events.ts";
import { parseEventId } from "@aura-platform/contract/ids.ts";
import { jsonObject } from "@aura-platform/contract/json-text.ts";
import { open } from "@aura-platform/contract/reading.ts";
import { z } from "zod";
import { agentStep } from "./shapes.ts";

const eventType = z.enum(EVENT_TYPES);

/** How the data of an event of a type are read, as far as they are drawn. */
const drawn = <T extends EventType, Data extends z.ZodObject>(type: T, data: Data) =>
  z.object({ type: z.literal(type), data });

/** One for each type. Frames leave out what does not fit, and older services what they did not know. */
const DRAWABLE = Object.freeze({
  thought: drawn("thought", open(EVENTS.thought).pick({ content: true })),
  plan_step: drawn("plan_step", agentStep),
  tool_execution: drawn(
    "tool_execution",
    open(EVENTS.tool_execution)
      .pick({ tool: true, parameters: true, status: true })
      // Of later versions these may have another shape: what is done is drawn all the same.
      .extend({ result: z.unknown().optional(), outcome: z.unknown().optional() })
      .extend({ proposed: z.unknown().optional() }),
  ),
  hitl: drawn(
    "hitl",
    open(EVENTS.hitl)
      .pick({ requestId: true, actionType: true, message: true, context: true })
      .extend({ editOf: z.unknown().optional() }),
  ),
  content: drawn(
    "content",
    open(EVENTS.content).pick({ content: true, messageId: true, attempt: true }).partial({ messageId: true }),
  ),
  error: drawn("error", open(EVENTS.error).pick({ errorCode: true, message: true, reason: true })),
} satisfies { [Type in EventType]: z.ZodType<{ type: Type }> });

/** An event of a type that this version knows, with what is drawn of it. */
export type DrawableEvent = z.output<(typeof DRAWABLE)[EventType]>;

/** What is drawn of an event of a type. */
export type DrawableData<Type extends EventType> = Extract<DrawableEvent, { type: Type }>["data"];

/** An event as it was sent; of a newer service its type may be one that nobody here knows. */
export const wholeEvent = z.looseObject({ type: open(eventType), data: jsonObject });

/** One event of a run, as it was sent. */
export interface RunEvent extends Pick<z.output<typeof wholeEvent>, "type" | "data"> {
  /** `<runId>:<seq>`, which the service issued. */
  id: string;
  runId: string;
}

/**
 * The run of a position; null when the text is none of the service's: the Gateway invents ids of another
 * shape.
 */
export function runOfPosition(id: string | undefined): string | null {
  return parseEventId(id ?? "")?.runId ?? null;
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

/**
 * The event with what is drawn of it; null for a type of later versions, or when the service had to cut it.
 */
export function asDrawable({ type, data }: Pick<RunEvent, "type" | "data">): DrawableEvent | null {
  const { data: known } = eventType.safeParse(type);
  return known === undefined ? null : (DRAWABLE[known].safeParse({ type, data }).data ?? null);
}
