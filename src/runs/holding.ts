import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { ThreadLeases } from "../ports/thread-lease.ts";

/** A lease that this process holds. */
export interface Hold {
  threadId: string;
  /** Its name in the lease: what is written under it is refused once somebody else has the lease. */
  holder: string;
  /** Aborted when the lease is lost: somebody else may be working on the thread. */
  lost: AbortSignal;
  /** Gives it back; false when there is more to do and it is still held. */
  release(): Promise<boolean>;
  /** Stops prolonging it, released or not. */
  drop(): void;
}

/** The leases of one process, prolonged together: one timer and one round trip however many there are. */
export interface Holding {
  /** The thread's lease, or null when somebody else has it (and will look at the thread again). */
  take(threadId: string): Promise<Hold | null>;
  close(): void;
}

interface Held {
  threadId: string;
  holder: string;
  abort: AbortController;
  /** The backend has confirmed the lease until then, Unix ms. */
  until: number;
}

/** @param ttlMs how long a process that has died keeps others away */
export function createHolding(
  leases: Pick<ThreadLeases, "acquire" | "renew" | "release">,
  ttlMs: number,
  logger: Logger,
  now: () => number,
): Holding {
  const held = new Map<string, Held>();

  const lose = (lease: Held) => {
    held.delete(lease.holder);
    lease.abort.abort(new Error(`the lease on thread ${lease.threadId} is lost`));
  };

  const prolong = async () => {
    const mine = [...held.values()];
    if (mine.length === 0) return;
    const asked = now();
    try {
      const lost = new Set(await leases.renew(mine, ttlMs));
      for (const lease of mine) {
        if (lost.has(lease.threadId)) lose(lease);
        else lease.until = asked + ttlMs;
      }
    } catch (err) {
      logger.warn({ err }, "leases could not be prolonged");
      for (const lease of mine) if (lease.until <= now()) lose(lease);
    }
  };

  // A third of the lifetime: two attempts may fail before a lease is lost.
  const timer = setInterval(() => void prolong(), ttlMs / 3);

  return {
    async take(threadId) {
      const holder = randomUUID();
      const asked = now();
      if (!(await leases.acquire(threadId, holder, ttlMs))) return null;
      const lease: Held = { threadId, holder, abort: new AbortController(), until: asked + ttlMs };
      held.set(holder, lease);
      return {
        threadId,
        holder,
        lost: lease.abort.signal,
        async release() {
          if (lease.abort.signal.aborted) return true;
          const answer = await leases.release(threadId, holder, ttlMs);
          return answer !== "again";
        },
        drop: () => held.delete(holder),
      };
    },
    close: () => clearInterval(timer),
  };
}
