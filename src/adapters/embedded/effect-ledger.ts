import type { EffectKey, EffectLedger } from "../../ports/effect-ledger.ts";
import type { SavedEffect } from "../../ports/thread-archive.ts";
import { LeaseLostError } from "../../ports/thread-lease.ts";

export interface EmbeddedEffectLedger extends EffectLedger {
  forget(threadId: string): void;
  ofThread(threadId: string): SavedEffect[];
  restore(threadId: string, effects: readonly SavedEffect[]): void;
}

/**
 * Effects in this process's memory: what it had begun when it died, nobody knows any more.
 *
 * @param isHeldBy the thread leases'
 */
export function createEmbeddedEffectLedger(
  isHeldBy: (threadId: string, holder: string) => boolean = () => true,
): EmbeddedEffectLedger {
  /** By thread, an outcome as JSON, so that nobody can change what was recorded; null while there is none. */
  const threads = new Map<string, Map<string, string | null>>();

  const effectsOf = (threadId: string): Map<string, string | null> => {
    const effects = threads.get(threadId) ?? new Map();
    threads.set(threadId, effects);
    return effects;
  };

  return {
    async begin(key, leaseHolder) {
      if (leaseHolder !== undefined && !isHeldBy(key.threadId, leaseHolder)) {
        throw new LeaseLostError(key.threadId);
      }
      const effects = effectsOf(key.threadId);
      const name = nameOf(key);
      const json = effects.get(name);
      if (json === undefined) {
        effects.set(name, null);
        return { state: "new" };
      }
      return json === null ? { state: "started" } : { state: "done", outcome: JSON.parse(json) };
    },
    async finish(key, outcome) {
      effectsOf(key.threadId).set(nameOf(key), JSON.stringify(outcome ?? null));
    },
    forget: (threadId) => void threads.delete(threadId),
    ofThread(threadId) {
      return [...(threads.get(threadId) ?? [])].map(([name, json]) => {
        const [taskId, toolCallId]: [string, string] = JSON.parse(name);
        return { taskId, toolCallId, ...(json === null ? {} : { outcome: JSON.parse(json) }) };
      });
    },
    restore(threadId, effects) {
      for (const effect of effects) {
        const json = "outcome" in effect ? JSON.stringify(effect.outcome ?? null) : null;
        effectsOf(threadId).set(nameOf(effect), json);
      }
    },
  };
}

function nameOf({ taskId, toolCallId }: Pick<EffectKey, "taskId" | "toolCallId">): string {
  return JSON.stringify([taskId, toolCallId]);
}
