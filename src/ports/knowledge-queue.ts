import type { KnowledgeEvent } from "../records/domain-event.ts";

/**
 * Received events on their way into the index. What was added stays until a handler has taken it in, where
 * the backend is durable.
 */
export interface KnowledgeQueue {
  /**
   * Adds an event unless the same one - tenant, event id and digest of its payload - was added before
   * (remembered for a day).
   *
   * @param digest SHA-256 (hex) of the payload
   */
  add(event: KnowledgeEvent, digest: string): Promise<"added" | "duplicate">;
  /**
   * Sets this process's worker: it is given up to `max` events at a time, after at most `waitMs` of waiting
   * for more. One worker of all processes gets an event; when its handler rejects or its process dies, the
   * event is given again, with backoff.
   */
  work(
    handler: (events: readonly KnowledgeEvent[]) => Promise<void>,
    options: { max: number; waitMs: number },
  ): void;
  /** How many events have been added, by whomever, and have not been taken in yet. */
  waiting(): Promise<number>;
  /** Takes no more and resolves when the running handler is done. */
  close(): Promise<void>;
}
