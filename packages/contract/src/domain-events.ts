import { z } from "zod";
import { jsonObject } from "./json-text.ts";

/** What the names of channels of domain events begin with. */
export const DOMAIN_EVENT_PREFIX = "dwp:events:";

/** DWP's channels of domain events (docs/contract.md, section 6). One event may arrive on two of them. */
export const DOMAIN_EVENT_CHANNEL = Object.freeze({
  all: `${DOMAIN_EVENT_PREFIX}all`,
  mail: `${DOMAIN_EVENT_PREFIX}mail`,
  approval: `${DOMAIN_EVENT_PREFIX}approval`,
} as const);
export const DOMAIN_EVENT_CHANNELS = Object.freeze(Object.values(DOMAIN_EVENT_CHANNEL));

const MAX_NAME_CHARS = 256;
const CONTROL = /\p{Cc}/u;

/** An id or a name in an event: Java services send numbers for some. */
const name = z
  .union([z.string(), z.int().transform(String)])
  .refine((text) => text.trim() !== "" && text.length <= MAX_NAME_CHARS && !CONTROL.test(text));

/** What every event has. Beside it stand its own fields; in the nested form they stand in `data`. */
export const domainEvent = z.object({
  eventId: name,
  eventType: name,
  tenantId: name,
  userId: name,
  timestamp: z.unknown().describe("When it happened, in any form that a service of DWP writes"),
  source: name.nullish(),
});
export type DomainEvent = z.output<typeof domainEvent>;
/** The same as a service publishes it. */
export type WrittenDomainEvent = z.input<typeof domainEvent>;

/** The form in which the Java publisher sends it. A `data` that is no object is a field of a flat event. */
export const nestedDomainEvent = domainEvent.extend({ data: jsonObject, metadata: z.unknown().optional() });
export type WrittenNestedDomainEvent = z.input<typeof nestedDomainEvent>;

/** What an event may name as its object, beside `data` or in it. */
export const eventSubject = z.object({ mailId: name.nullish(), documentId: name.nullish() });
export type EventSubject = z.output<typeof eventSubject>;

/** Body of `POST /aura/events`: one event or a list; what is in each is looked at one by one. */
export const eventsBody = z.union(
  [jsonObject.transform((event): unknown[] => [event]), z.array(z.unknown()).min(1).max(500)],
  { error: "{...}, [1..500]" },
);

/** Its answer: what became of the events that a service has handed in. */
export const ingested = z.strictObject({
  accepted: z.number(),
  duplicates: z.number().describe("Received before, with the same content"),
  refused: z.array(
    z.strictObject({
      index: z.number().describe("Its place in what was handed in"),
      reason: z.string(),
    }),
  ),
});
export type Ingested = z.output<typeof ingested>;
