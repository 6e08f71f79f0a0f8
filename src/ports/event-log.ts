import type { StoredEvent } from "@aura-platform/contract/events.ts";

/**
 * Another writer has appended to this log: the caller's view of the run is stale, and it must stop writing.
 */
export class EventLogConflictError extends Error {
  constructor(runId: string, seq: number) {
    super(`event ${seq} of run ${runId} is not the next one`);
    this.name = "EventLogConflictError";
  }
}

/** The log has been closed: the run is over, and nothing may be added to what its client was told. */
export class EventLogClosedError extends Error {
  constructor(runId: string) {
    super(`the event log of run ${runId} is closed`);
    this.name = "EventLogClosedError";
  }
}

/** Events that there were are not there any more: the thread was deleted, or the backend has lost them. */
export class EventLogGoneError extends Error {
  constructor(runId: string) {
    super(`the events of run ${runId} are gone`);
    this.name = "EventLogGoneError";
  }
}

export interface EventPage {
  /** In seq order, without gaps. */
  events: StoredEvent[];
  /** The log is closed and nothing follows these events. */
  ended: boolean;
}

/** One append-only log per run: everything a client sees is read from here. */
export interface EventLog {
  /**
   * Adds events whose seqs continue the log, all or none, and wakes the watchers.
   * Rejects with EventLogConflictError or EventLogClosedError, and stores nothing then.
   */
  append(runId: string, events: readonly StoredEvent[]): Promise<void>;
  /** Marks the end of the log and wakes the watchers. Closing a closed log does nothing. */
  close(runId: string): Promise<void>;
  /** Up to `limit` events with seq > after. An unknown run reads as an empty, open log. */
  read(runId: string, after: number, limit: number): Promise<EventPage>;
  /** The seq of the last event (0 when there is none) and whether the log is closed. */
  tail(runId: string): Promise<{ lastSeq: number; closed: boolean }>;
  /**
   * Calls `onChange` after every append and close that happens once the promise has resolved, on any
   * instance; spurious calls are allowed (after a reconnect there is always one), missing ones are not.
   */
  watch(runId: string, onChange: () => void): Promise<() => void>;
}
