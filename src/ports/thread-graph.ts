/** One checkpoint of a thread, with its state as JSON in the clients' shape. */
export interface CheckpointView {
  checkpointId: string;
  parentId: string | null;
  step: number;
  source: string;
  /** Nodes that come next; empty at the end. */
  next: string[];
  /** Unix ms. */
  createdAt: number;
  /** The run that it belongs to; unknown for what was put in from outside. */
  runId?: string;
  interrupts: { id: string; value: unknown }[];
  values: Record<string, unknown>;
}

/** What this service needs of the agent's graph to show, copy and move saved threads. */
export interface ThreadGraph {
  /** One checkpoint, by default the last; null when there is none. */
  view(threadId: string, checkpointId?: string): Promise<CheckpointView | null>;
  /** Whether the plan of the checkpoint's run is made there; false while it is still to come. */
  isPlanned(view: Pick<CheckpointView, "next">): boolean;
  /** Newest first. */
  history(
    threadId: string,
    query: { before?: string; limit?: number; runId?: string },
  ): AsyncIterable<CheckpointView>;
  /**
   * Puts a checkpoint into an empty thread, without what was asked or done after it. With `edits` the state
   * is changed there.
   *
   * @returns false when there is no such checkpoint
   * @throws AuraError E4000 for edits that are malformed, before anything is written
   */
  copy(
    from: { threadId: string; checkpointId: string },
    toThreadId: string,
    edits?: unknown,
  ): Promise<boolean>;
  /** All checkpoints as one JSON value; null when there are none. */
  dump(threadId: string): Promise<unknown>;
  /**
   * Checks what `dump` made, wherever it comes from, and returns what stores it as another thread's.
   *
   * @throws AuraError E4000
   */
  prepare(state: unknown): (threadId: string) => Promise<void>;
  /** Deletes all checkpoints of a thread. */
  forget(threadId: string): Promise<void>;
}
