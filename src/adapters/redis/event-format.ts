import { type StoredEvent, storedEvent, wireEvent } from "@aura-platform/contract/events.ts";
import { loose } from "@aura-platform/contract/reading.ts";
import { z } from "zod";
import { jsonField } from "./record-format.ts";

const [first, ...others] = loose(wireEvent).options;

/** What a newer version says of an event stands in its data, which are loose: it is never lost. */
const event = z.discriminatedUnion("type", [first.strip(), ...others.map((each) => each.strip())]);

/** The value of an entry in the stream: field `v1` holds this JSON. The seq stands in the entry's id. */
const value = jsonField.pipe(z.object({ at: storedEvent.shape.at, event }));

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
