import type { StoredEvent } from "@aura-platform/contract/events.ts";
import { z } from "zod";
import type { EventLog } from "../../ports/event-log.ts";
import { EventLogClosedError, EventLogConflictError } from "../../ports/event-log.ts";
import type { RedisCommands } from "./commands.ts";
import { encodeEvent, streamEntry } from "./event-format.ts";
import { eventsChannel, eventsKey } from "./keys.ts";
import { parseRecord, RecordFormatError } from "./record-format.ts";
import { appendEvents, closeLog } from "./scripts/events.ts";
import type { Subscriber } from "./subscriber.ts";

const CLOSED = -1;
const entries = z.array(streamEntry);
const lastEntry = z
  .array(z.tuple([z.string().regex(/^\d+-[01]$/), z.unknown()]))
  .max(1)
  .transform(([entry]) => {
    const [seq, mark] = (entry?.[0] ?? "0-0").split("-");
    return { lastSeq: Number(seq), closed: mark === "1" };
  });

/**
 * One Redis Stream per run; watchers share the process's subscriber connection.
 *
 * @param threadTtlMs how long a log lives, unless its thread is used again
 */
export function createRedisEventLog(
  redis: RedisCommands,
  subscriber: Subscriber,
  threadTtlMs: number,
): EventLog {
  const tail = async (runId: string) => {
    const key = eventsKey(runId);
    const reply = await redis.command("XREVRANGE", [key, "+", "-", "COUNT", 1]);
    return parseRecord(lastEntry, reply, key);
  };

  return {
    tail,
    async append(runId, events) {
      if (events.length === 0) return;
      const encoded = events.map((event) => ({ seq: event.seq, event: encodeEvent(event) }));
      const args = { channel: eventsChannel(runId), ttlMs: threadTtlMs, events: encoded };
      const code = await appendEvents(redis, { log: eventsKey(runId) }, args);
      if (code === CLOSED) throw new EventLogClosedError(runId);
      const refused = events[code - 1];
      if (refused !== undefined) throw new EventLogConflictError(runId, refused.seq);
    },
    async close(runId) {
      const args = { channel: eventsChannel(runId), ttlMs: threadTtlMs };
      await closeLog(redis, { log: eventsKey(runId) }, args);
    },
    async read(runId, after, limit) {
      const key = eventsKey(runId);
      // One more than asked for, to see whether the closing mark comes next.
      const reply = await redis.command("XRANGE", [key, `${after}-1`, "+", "COUNT", limit + 1]);
      const found = parseRecord(entries, reply, key);
      const events = found.filter((entry) => entry !== "end").slice(0, limit);
      refuseGap(key, after, events);
      if (found.length > 0) return { events, ended: found.at(-1) === "end" };
      // Nothing from here on: the log goes on some day, or `after` lies beyond the end of a closed one.
      const { closed, lastSeq } = await tail(runId);
      return { events, ended: closed && lastSeq <= after };
    },
    async watch(runId, onChange) {
      const listener = { onMessage: onChange, onResubscribed: onChange };
      return subscriber.subscribe(eventsChannel(runId), listener);
    },
  };
}

/**
 * append never leaves one: entries have been lost in Redis, and a client must not take the rest for the
 * whole.
 */
function refuseGap(key: string, after: number, events: readonly StoredEvent[]): void {
  for (const [index, { seq }] of events.entries()) {
    if (seq !== after + index + 1) throw new RecordFormatError(key, `has lost event ${after + index + 1}`);
  }
}
