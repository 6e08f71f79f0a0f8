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
  | Conclusion;

/** What a call's last word has to say, for good. */
export type Conclusion =
  | { state: "done"; outcome: unknown }
  /**
   * `unknown`: it was begun, and was given up before its outcome was stored. `never`: it had not begun, and
   * will not.
   */
  | { state: "ended"; as: "unknown" | "never" };

/** What has been done outside, so that nothing is done twice. Lives as long as its thread. */
export interface EffectLedger {
  /**
   * Atomically records that the effect begins, unless it has begun before. Durable before it resolves.
   *
   * @param leaseHolder who works on the thread: rejects with LeaseLostError, and nothing has begun, when that
   *   is somebody else by now
   */
  begin(key: EffectKey, leaseHolder?: string): Promise<EffectState>;
  /**
   * Stores the outcome (JSON). One that comes after the conclusion `unknown` is kept beside it, and changes
   * nothing of it.
   */
  finish(key: EffectKey, outcome: unknown): Promise<void>;
  /**
   * Closes the entry, in one atomic step, so that what is said of the call now stays true: without an outcome
   * it has ended as `unknown`, and one that has not begun never will. Repeating it gives the same answer.
   */
  conclude(key: EffectKey): Promise<Conclusion>;
}
