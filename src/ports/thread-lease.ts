/**
 * The caller does not have the thread's lease any more: somebody else may be working on it. Nothing was
 * written.
 */
export class LeaseLostError extends Error {
  constructor(threadId: string) {
    super(`the lease on thread ${threadId} is lost`);
    this.name = "LeaseLostError";
  }
}

/**
 * Who works on a thread. One process at a time, for a limited time: a holder that dies or loses touch with
 * the backend loses the lease, and somebody else goes on.
 */
export interface ThreadLeases {
  /**
   * Takes the thread's lease for `ttlMs`, or, when somebody else has it, leaves them a note that there is
   * more to do and returns false. `holder` is unique per attempt.
   */
  acquire(threadId: string, holder: string, ttlMs: number): Promise<boolean>;
  /** Prolongs leases; returns the thread ids whose lease this holder no longer has. */
  renew(held: readonly { threadId: string; holder: string }[], ttlMs: number): Promise<string[]>;
  /**
   * Gives the lease back - unless a note was left: then the lease stays held (for `ttlMs` from now), the note
   * is gone, and the holder has to look again. `lost` when it was not held any more.
   */
  release(threadId: string, holder: string, ttlMs: number): Promise<"released" | "again" | "lost">;
}
