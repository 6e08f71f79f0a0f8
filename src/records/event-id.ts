/** What ids of threads, runs and approvals look like on the wire. */
export const ID_PATTERN = /^[A-Za-z0-9_-]{1,128}$/;

/** `<runId>:<seq>`: the SSE id of an event. seq 0 is "before the first". */
export function formatEventId(runId: string, seq: number): string {
  return `${runId}:${seq}`;
}

/** The parts of an event id, or null when the text cannot be an id that we issued. */
export function parseEventId(text: string): { runId: string; seq: number } | null {
  const match = /^([A-Za-z0-9_-]{1,128}):(0|[1-9][0-9]{0,14})$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  return { runId: match[1], seq: Number(match[2]) };
}
