import type { RecordedEffect } from "@aura-platform/contract/thread-document.ts";
import type { Conclusion, EffectKey, EffectLedger } from "../../ports/effect-ledger.ts";
import { LeaseLostError } from "../../ports/thread-lease.ts";

export interface EmbeddedEffectLedger extends EffectLedger {
  forget(threadId: string): void;
  ofThread(threadId: string): RecordedEffect[];
  restore(threadId: string, effects: readonly RecordedEffect[]): void;
}

/** Outcomes as JSON, so that nobody can change what was recorded. */
type Entry =
  | { state: "started" }
  | { state: "done"; json: string }
  | { state: "ended"; as: "unknown" | "never"; later?: string };

/**
 * Effects in this process's memory: what it had begun when it died, nobody knows any more.
 *
 * @param isHeldBy the thread leases'
 */
export function createEmbeddedEffectLedger(
  isHeldBy: (threadId: string, holder: string) => boolean = () => true,
): EmbeddedEffectLedger {
  const threads = new Map<string, Map<string, Entry>>();

  const effectsOf = (threadId: string): Map<string, Entry> => {
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
      const entry = effects.get(nameOf(key));
      if (entry === undefined) {
        effects.set(nameOf(key), { state: "started" });
        return { state: "new" };
      }
      return entry.state === "started" ? { state: "started" } : conclusionOf(entry);
    },
    async finish(key, outcome) {
      const effects = effectsOf(key.threadId);
      const entry = effects.get(nameOf(key));
      const json = JSON.stringify(outcome ?? null);
      effects.set(
        nameOf(key),
        entry?.state === "ended" ? { ...entry, later: json } : { state: "done", json },
      );
    },
    async conclude(key) {
      const effects = effectsOf(key.threadId);
      const entry = effects.get(nameOf(key));
      if (entry !== undefined && entry.state !== "started") return conclusionOf(entry);
      const ended = { state: "ended", as: entry === undefined ? "never" : "unknown" } as const;
      effects.set(nameOf(key), ended);
      return { ...ended };
    },
    forget: (threadId) => void threads.delete(threadId),
    ofThread: (threadId) =>
      [...(threads.get(threadId) ?? [])].map(([name, entry]) => {
        const [taskId, toolCallId]: [string, string] = JSON.parse(name);
        return { taskId, toolCallId, ...toSaved(entry) };
      }),
    restore(threadId, effects) {
      for (const effect of effects) effectsOf(threadId).set(nameOf(effect), fromSaved(effect));
    },
  };
}

function conclusionOf(entry: Exclude<Entry, { state: "started" }>): Conclusion {
  if (entry.state === "done") return { state: "done", outcome: JSON.parse(entry.json) };
  return { state: "ended", as: entry.as };
}

function toSaved(entry: Entry): Omit<RecordedEffect, "taskId" | "toolCallId"> {
  if (entry.state === "started") return {};
  if (entry.state === "done") return { outcome: JSON.parse(entry.json) };
  return { ended: entry.as, ...(entry.later === undefined ? {} : { later: JSON.parse(entry.later) }) };
}

function fromSaved(effect: RecordedEffect): Entry {
  if ("outcome" in effect) return { state: "done", json: JSON.stringify(effect.outcome ?? null) };
  if (effect.ended === undefined) return { state: "started" };
  const later = "later" in effect ? { later: JSON.stringify(effect.later ?? null) } : {};
  return { state: "ended", as: effect.ended, ...later };
}

function nameOf({ taskId, toolCallId }: Pick<EffectKey, "taskId" | "toolCallId">): string {
  return JSON.stringify([taskId, toolCallId]);
}
