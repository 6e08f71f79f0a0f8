import type { PlanStep } from "@aura-platform/contract/agent-step.ts";
import type { Checkpoint } from "@aura-platform/contract/checkpoints.ts";
import type { ClientMessage } from "@aura-platform/contract/messages.ts";

/** A thread's state as JSON, as clients read it. What else stands in it is the graph's own. */
export interface ClientState {
  messages?: ClientMessage[];
  /** The plan. */
  steps?: PlanStep[];
  [key: string]: unknown;
}

/** One checkpoint of a thread, with its whole state. */
export interface CheckpointView extends Omit<Checkpoint, "changed"> {
  values: ClientState;
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
