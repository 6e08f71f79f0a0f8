/**
 * Reaches the process that is executing a run, whichever it is. At most once: the run's record is the truth.
 */
export interface RunControl {
  /** Tells every instance that the run's record says `cancelled`. */
  announceCancel(runId: string): Promise<void>;
  /** Hears announcements, this process's own included. `onGap` after every (re)subscription. */
  listen(listener: { onCancel(runId: string): void; onGap(): void }): Promise<() => Promise<void>>;
}
