import { z } from "zod";
import { agentStep } from "./agent-step.ts";
import { shownPart } from "./approvals.ts";
import { errorCode, errorReason } from "./errors.ts";
import { jsonObject } from "./json-text.ts";
import { unixMs, unixSeconds } from "./times.ts";
import { callOutcome, callStatus } from "./tool-calls.ts";

/**
 * What a client may see of a run, by type: five events of docs/contract.md (section 3), and `error`. The
 * names are frozen: a rename breaks every client. Whoever handles events by type says so in a table
 * (`EventHandlers`, or `satisfies Record<EventType, ...>`), so that one that is added here does not compile
 * until it is handled there.
 */
export const EVENTS = Object.freeze({
  thought: z.strictObject({ content: z.string(), timestamp: unixSeconds }),

  plan_step: agentStep,

  tool_execution: z.strictObject({
    tool: z.string(),
    toolCallId: z.string(),
    parameters: jsonObject,
    proposed: jsonObject.exactOptional().describe("What the model wanted, where a person has changed it"),
    status: callStatus,
    result: z.unknown().describe("The tool's result; the error text when it failed; null while it executes"),
    outcome: callOutcome
      .exactOptional()
      .describe("Absent while it executes, and in events of the first version"),
  }),

  hitl: z.strictObject({
    requestId: z.string(),
    actionType: z.string(),
    message: z.string(),
    context: jsonObject.describe("Exactly the validated arguments that an approval lets through"),
    requiresApproval: z.literal(true),
    toolCallId: z.string(),
    shown: shownPart
      .exactOptional()
      .describe("What the approver is shown where that is not all; a frame has this instead of the context"),
    editOf: z
      .string()
      .exactOptional()
      .describe("The approval whose arguments a person has changed into these"),
  }),

  content: z.strictObject({
    content: z.string().describe("A delta"),
    format: z.literal("markdown"),
    messageId: z.string(),
    attempt: z
      .number()
      .exactOptional()
      .describe(
        "Above 1: sent again after a crash, in place of what a lower attempt has sent of the message",
      ),
  }),

  error: z.strictObject({
    errorCode,
    message: z.string(),
    traceId: z.string(),
    reason: errorReason.exactOptional(),
  }),
} satisfies Record<string, z.ZodObject>);

export type EventType = keyof typeof EVENTS;

/** The types as a list, in the order of the table. Object.keys forgets which they are. */
export const EVENT_TYPES = Object.freeze(Object.keys(EVENTS) as EventType[]);

/** What an event of a type carries. */
export type EventData<T extends EventType = EventType> = z.output<(typeof EVENTS)[T]>;

export type EventOf<T extends EventType> = { [Each in T]: { type: Each; data: EventData<Each> } }[T];

/** One event of a run. */
export type WireEvent = EventOf<EventType>;

/** What is done with an event, by its type, and with what else is known about it. */
export type EventHandlers<Result, About extends unknown[] = []> = {
  readonly [T in EventType]: (data: EventData<T>, ...about: About) => Result;
};

/** Gives an event to the handler of its type. */
export function handleEvent<T extends EventType, Result, About extends unknown[]>(
  handlers: EventHandlers<Result, About>,
  event: EventOf<T>,
  ...about: About
): Result {
  return handlers[event.type](event.data, ...about);
}

/** The event of each type, as a schema. */
type Variant<T extends EventType> = {
  [Each in T]: z.ZodObject<{ type: z.ZodLiteral<Each>; data: (typeof EVENTS)[Each] }, z.core.$strict>;
}[T];

// A list forgets which data belong to which type; the table has just said it.
const variants = EVENT_TYPES.map((type) =>
  z.strictObject({ type: z.literal(type), data: EVENTS[type] }),
) as Variant<EventType>[];

export const wireEvent = z.discriminatedUnion("type", atLeastOne(variants));

/** An event with its place in the run's log. */
export const storedEvent = z.strictObject({
  seq: z.int().positive().describe("Counts from 1 without gaps"),
  at: unixMs.describe("When it was recorded, Unix ms"),
  event: wireEvent,
});
export type StoredEvent = z.output<typeof storedEvent>;

function atLeastOne<T>([first, ...others]: readonly T[]): [T, ...T[]] {
  if (first === undefined) throw new Error("the table of events is empty");
  return [first, ...others];
}
