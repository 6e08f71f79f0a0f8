import type { StoredEvent, WireEvent } from "@aura-platform/contract/events.ts";
import type { EventLog } from "../ports/event-log.ts";

const PAGE = 500;

/**
 * Reads what is stored of a run's log behind `after`, in order. From 0 only for what happens once in a run's
 * life.
 */
export async function eachEvent(
  log: Pick<EventLog, "read">,
  runId: string,
  visit: (event: WireEvent, stored: StoredEvent) => void,
  after = 0,
): Promise<void> {
  let position = after;
  for (;;) {
    const { events } = await log.read(runId, position, PAGE);
    for (const stored of events) visit(stored.event, stored);
    const last = events.at(-1);
    if (last === undefined) return;
    position = last.seq;
  }
}
