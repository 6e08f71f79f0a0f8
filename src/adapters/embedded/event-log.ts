import type { StoredEvent } from "@aura-platform/contract/events.ts";
import type { EventLog } from "../../ports/event-log.ts";
import { EventLogClosedError, EventLogConflictError } from "../../ports/event-log.ts";
import { createWatchers } from "./watchers.ts";

interface Log {
  /** Event `seq` as JSON at index `seq - 1`: text, so that nobody can change what was recorded. */
  events: string[];
  closed: boolean;
}

export interface EmbeddedEventLog extends EventLog {
  /** Drops the log, and wakes who follows it. */
  forget(runId: string): void;
  /** Takes in a whole log. */
  restore(runId: string, events: readonly StoredEvent[], closed: boolean): void;
}

/** Event logs in this process's memory. */
export function createEmbeddedEventLog(): EmbeddedEventLog {
  const logs = new Map<string, Log>();
  const watchers = createWatchers();

  const logOf = (runId: string): Log => {
    const log = logs.get(runId) ?? { events: [], closed: false };
    logs.set(runId, log);
    return log;
  };

  return {
    async append(runId, events) {
      if (events.length === 0) return;
      const log = logOf(runId);
      if (log.closed) throw new EventLogClosedError(runId);
      for (const [index, { seq }] of events.entries()) {
        if (seq !== log.events.length + index + 1) throw new EventLogConflictError(runId, seq);
      }
      // Serialised before anything is stored: a value that is not JSON must leave the log as it was.
      const texts = events.map((event) => JSON.stringify(event));
      for (const text of texts) log.events.push(text);
      watchers.wake(runId);
    },
    async close(runId) {
      const log = logOf(runId);
      if (log.closed) return;
      log.closed = true;
      watchers.wake(runId);
    },
    async read(runId, after, limit) {
      const log = logs.get(runId);
      if (log === undefined) return { events: [], ended: false };
      const end = after + limit;
      const events = log.events.slice(after, end).map((text): StoredEvent => JSON.parse(text));
      return { events, ended: log.closed && end >= log.events.length };
    },
    async tail(runId) {
      const log = logs.get(runId);
      return { lastSeq: log?.events.length ?? 0, closed: log?.closed ?? false };
    },
    watch: async (runId, onChange) => watchers.watch(runId, onChange),
    forget(runId) {
      logs.delete(runId);
      watchers.wake(runId);
    },
    restore(runId, events, closed) {
      logs.set(runId, { events: events.map((event) => JSON.stringify(event)), closed });
    },
  };
}
