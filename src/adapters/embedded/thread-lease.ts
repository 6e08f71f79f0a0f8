import type { ThreadLeases } from "../../ports/thread-lease.ts";

interface Lease {
  holder: string;
  /** Unix ms. */
  expiresAt: number;
  noted: boolean;
}

interface EmbeddedThreadLeases extends ThreadLeases {
  /** How long the thread's lease has left, in ms; 0 when nobody has it. */
  left(threadId: string): number;
  isHeldBy(threadId: string, holder: string): boolean;
}

/**
 * Leases in this process's memory: what outlives a holder here is a handler that hangs or has forgotten them.
 */
export function createEmbeddedThreadLeases(now: () => number): EmbeddedThreadLeases {
  const leases = new Map<string, Lease>();

  const live = (threadId: string): Lease | undefined => {
    const lease = leases.get(threadId);
    if (lease === undefined || lease.expiresAt > now()) return lease;
    leases.delete(threadId);
    return undefined;
  };

  const heldBy = (threadId: string, holder: string): Lease | undefined => {
    const lease = live(threadId);
    return lease?.holder === holder ? lease : undefined;
  };

  return {
    left: (threadId) => Math.max(0, (live(threadId)?.expiresAt ?? 0) - now()),
    isHeldBy: (threadId, holder) => heldBy(threadId, holder) !== undefined,
    async acquire(threadId, holder, ttlMs) {
      const lease = live(threadId);
      if (lease === undefined) leases.set(threadId, { holder, expiresAt: now() + ttlMs, noted: false });
      else lease.noted = true;
      return lease === undefined;
    },
    async renew(held, ttlMs) {
      return held.flatMap(({ threadId, holder }) => {
        const lease = heldBy(threadId, holder);
        if (lease === undefined) return [threadId];
        lease.expiresAt = now() + ttlMs;
        return [];
      });
    },
    async release(threadId, holder, ttlMs) {
      const lease = heldBy(threadId, holder);
      if (lease === undefined) return "lost";
      if (!lease.noted) {
        leases.delete(threadId);
        return "released";
      }
      lease.noted = false;
      lease.expiresAt = now() + ttlMs;
      return "again";
    },
  };
}
