import { setTimeout as delay } from "node:timers/promises";

/** One tool call of one step. The id of a tool call is not enough: some servers repeat them. */
export interface EffectKey {
  threadId: string;
  /** LangGraph task id: equal on resume and retry, new on a replay or fork. */
  taskId: string;
  toolCallId: string;
}

/** What the tool node needs of a ledger (the service's is src/ports/effect-ledger.ts). */
export interface EffectLedger {
  /**
   * Atomically records that the effect begins, unless it has begun before. Durable before it resolves.
   * Rejects when the holder does not have the thread's lease any more.
   */
  begin(key: EffectKey, leaseHolder?: string): Promise<{ state: "new" } | { state: "started" } | Conclusion>;
  /** Stores the outcome (JSON). One that comes after the conclusion does not change the conclusion. */
  finish(key: EffectKey, outcome: unknown): Promise<void>;
  /** Closes the entry atomically, so that what is reported of the call from now on stays true. */
  conclude(key: EffectKey): Promise<Conclusion>;
}

type Conclusion = { state: "done"; outcome: unknown } | { state: "ended"; as: "unknown" | "never" };

/** For LangGraph's dev server, which has nowhere to remember. */
export const NO_LEDGER: EffectLedger = Object.freeze({
  begin: async () => ({ state: "new" as const }),
  finish: async () => {},
  conclude: async () => ({ state: "ended" as const, as: "unknown" as const }),
});

/** About half a minute in all: a short outage must not turn a known outcome into an unknown one. */
const WAITS_MS: readonly number[] = [50, 100, 200, 400, ...Array.from({ length: 58 }, () => 500)];

/**
 * Stores an outcome, and tries again for a while, because nobody else knows it. An abort does not end that:
 * LangGraph aborts a call's siblings when one of them fails (for example because the ledger did not answer),
 * and does not wait for calls that it has aborted.
 *
 * @param waits ms between the attempts
 */
export async function storeOutcome(
  ledger: EffectLedger,
  key: EffectKey,
  outcome: unknown,
  waits: readonly number[] = WAITS_MS,
): Promise<void> {
  for (const wait of waits) {
    const stored = await ledger.finish(key, outcome).then(
      () => true,
      () => false,
    );
    if (stored) return;
    // unref: a process that has nothing else to do does not stay for this.
    await delay(wait, undefined, { ref: false });
  }
  await ledger.finish(key, outcome);
}
