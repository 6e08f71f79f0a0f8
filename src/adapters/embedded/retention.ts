interface Retention {
  /** The thread has been used, and stays for the whole time from now. */
  touch(threadId: string): void;
}

interface RetentionOptions {
  /** Unix ms. */
  now: () => number;
  ttlMs: number;
  /** Whether the thread may go. */
  isOver: (threadId: string) => boolean;
  forget: (threadId: string) => void;
}

/**
 * Has threads forgotten that nobody has used for long. It needs no timer: each use looks at the longest
 * unused.
 */
export function createRetention({ now, ttlMs, isOver, forget }: RetentionOptions): Retention {
  // All live equally long: the longest unused comes first.
  const expiries = new Map<string, number>();

  const prolong = (threadId: string) => {
    expiries.delete(threadId);
    expiries.set(threadId, now() + ttlMs);
  };

  const sweep = () => {
    for (const [threadId, expiresAt] of expiries) {
      if (expiresAt > now()) return;
      if (isOver(threadId)) {
        expiries.delete(threadId);
        forget(threadId);
      } else prolong(threadId);
    }
  };

  return {
    touch(threadId) {
      prolong(threadId);
      sweep();
    },
  };
}
