import { z } from "zod";

const ID = "[A-Za-z0-9_-]{1,128}";

/** What ids of threads, runs, approvals and tasks look like. */
export const ID_PATTERN = new RegExp(`^${ID}$`);

/** An id of a thread, a run, an approval or a task. */
export const id = z.string().regex(ID_PATTERN, { error: "1-128 of A-Z a-z 0-9 _ -" });

/** `<runId>:<seq>`: the SSE id of an event. Above 15 digits a number would no longer be exact. */
export const EVENT_ID_PATTERN = new RegExp(`^(${ID}):(0|[1-9][0-9]{0,14})$`);

/** A place in a run: behind its event `seq`; 0 is before the first. */
export interface EventPosition {
  runId: string;
  seq: number;
}

/** `<runId>:<seq>`, the SSE id of an event. */
export function formatEventId(runId: string, seq: number): string {
  return `${runId}:${seq}`;
}

/** The parts of an event id, or null when the text cannot be an id that the service has issued. */
export function parseEventId(text: string): EventPosition | null {
  const [, runId, seq] = EVENT_ID_PATTERN.exec(text) ?? [];
  return runId === undefined || seq === undefined ? null : { runId, seq: Number(seq) };
}

/** An event id as a client sends it, parsed. */
export const eventId = z.string().transform((text, context): EventPosition => {
  const parsed = parseEventId(text);
  if (parsed !== null) return parsed;
  context.addIssue("<runId>:<seq>");
  return z.NEVER;
});
