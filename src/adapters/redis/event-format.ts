import { z } from "zod";
import type { StoredEvent } from "../../records/event.ts";
import { wireEvent } from "../../records/event-schema.ts";
import { jsonField } from "./record-format.ts";

/**
 * The value of an event's entry in the stream: field `v1` holds this JSON. The seq stands in the entry's id.
 */
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
