import { z } from "zod";
import { EVENT_TYPES, EVENTS, type EventType } from "./events.ts";
import { jsonObject } from "./json-text.ts";

/** Larger frames cross chunks on their way, and the Gateway then splits an event from its id. */
export const MAX_FRAME_BYTES = 16 * 1024;

/** The `data` of the last frame of a stream whose run is over. */
export const DONE = "[DONE]";

/** Said in a frame whose long values were cut; `GET /aura/runs/{runId}/events/{seq}` has the whole. */
const cutMark = { truncated: z.literal(true).exactOptional() };

/** The names under which DWP's own web client looks for fields of ours. */
const aliases = {
  id: z.string().exactOptional(),
  action: z.string().exactOptional(),
  params: jsonObject.exactOptional(),
};

/**
 * What a frame of a type carries: the event's data, as far as they fit, and what clients are told besides.
 */
export const FRAME_DATA = Object.freeze({
  thought: EVENTS.thought.extend(cutMark),
  plan_step: EVENTS.plan_step.extend(cutMark),
  tool_execution: EVENTS.tool_execution.extend({
    ...cutMark,
    ...aliases,
    error: z.unknown().exactOptional().describe("The result of a failed one"),
  }),
  hitl: EVENTS.hitl
    .omit({ shown: true })
    .extend({ ...cutMark, ...aliases, notShown: z.record(z.string(), z.number()).exactOptional() }),
  content: EVENTS.content.extend(cutMark),
  error: EVENTS.error.extend(cutMark),
} satisfies Record<EventType, z.ZodObject>);

export type FrameData<T extends EventType = EventType> = z.output<(typeof FRAME_DATA)[T]>;

/** All that is left of an event of which even a part does not fit. */
const nothingFits = z.strictObject({ truncated: z.literal(true) });

/** A frame's JSON for each type, as a schema. */
type Variant<T extends EventType> = {
  [Each in T]: z.ZodObject<
    {
      type: z.ZodLiteral<Each>;
      event: z.ZodExactOptional<z.ZodString>;
      data: z.ZodUnion<[(typeof FRAME_DATA)[Each], typeof nothingFits]>;
    },
    z.core.$strict
  >;
}[T];

// A list forgets which data belong to which type; the table has just said it.
const variants = EVENT_TYPES.map((type) =>
  z.strictObject({
    type: z.literal(type),
    event: z.string().exactOptional().describe("The type's name in DWP's own web client"),
    data: z.union([FRAME_DATA[type], nothingFits]),
  }),
) as Variant<EventType>[];

/** The JSON in the `data:` line of an event's frame. */
export const eventFrame = z.union(variants);
export type EventFrame = z.output<typeof eventFrame>;
