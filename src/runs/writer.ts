import type { StoredEvent, WireEvent } from "@aura-platform/contract/events.ts";
import type { EventLog } from "../ports/event-log.ts";

/** Unstored events above which the producer has to wait: memory stays bounded when the log is slow. */
const MAX_BUFFERED = 512;

/**
 * Appends one run's events in order. Whoever writes holds the thread's lease and goes on where the log ends.
 * An execution has one writer; `suspend` and `wind-up` make one of their own, when the execution's has stored
 * everything or there is no execution.
 */
export interface RunWriter {
  /** Of the last event that was written, stored or not. */
  readonly lastSeq: number;
  /** Queues events; resolves at once, or when the log has caught up. Rejects once an append has failed. */
  write(events: readonly WireEvent[]): Promise<void>;
  /** Resolves when everything written so far is stored. */
  flush(): Promise<void>;
}

/**
 * @param lastSeq the log's tail when the execution began
 * @param now clock in Unix ms
 */
export function createRunWriter(
  log: Pick<EventLog, "append">,
  runId: string,
  lastSeq: number,
  now: () => number,
): RunWriter {
  let seq = lastSeq;
  let buffered: StoredEvent[] = [];
  let storing: Promise<void> | null = null;
  let failure: { error: unknown } | null = null;

  // What arrives while an append is under way goes out together with the next one.
  const store = async () => {
    while (buffered.length > 0) {
      const batch = buffered;
      buffered = [];
      await log.append(runId, batch);
    }
  };

  const kick = () => {
    storing ??= store()
      .catch((error: unknown) => {
        failure = { error };
      })
      .finally(() => {
        storing = null;
      });
    return storing;
  };

  const flush = async () => {
    while (failure === null && (storing !== null || buffered.length > 0)) await kick();
    if (failure !== null) throw failure.error;
  };

  return {
    get lastSeq() {
      return seq;
    },
    async write(events) {
      if (failure !== null) throw failure.error;
      for (const event of events) {
        seq += 1;
        buffered.push({ seq, at: now(), event });
      }
      if (buffered.length > MAX_BUFFERED) await flush();
      else if (buffered.length > 0) kick();
    },
    flush,
  };
}
