/** One tool call of one step: equal on resume and on retry of the step, new on a replay or fork. */
export interface EffectKey {
  threadId: string;
  /** LangGraph task id. */
  taskId: string;
  toolCallId: string;
}

export type EffectState =
  /** Nobody has begun it: the caller has now, and must finish it. */
  | { state: "new" }
  /** It was begun and its outcome never stored: whether it happened is unknown. */
  | { state: "started" }
  | { state: "done"; outcome: unknown };

/** What has been done outside, so that nothing is done twice. Lives as long as its thread. */
export interface EffectLedger {
  /**
   * Atomically records that the effect begins, unless it has begun before. Durable before it resolves.
   *
   * @param leaseHolder who works on the thread: rejects with LeaseLostError, and nothing has begun, when that is
   *   somebody else by now
   */
  begin(key: EffectKey, leaseHolder?: string): Promise<EffectState>;
  /** Stores the outcome (JSON). */
  finish(key: EffectKey, outcome: unknown): Promise<void>;
}
