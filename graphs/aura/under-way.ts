/**
 * The effects that this process has begun and not ended. An aborted step leaves them running, and LangGraph
 * does not wait for them.
 */
export interface UnderWay {
  track<T>(threadId: string, effect: Promise<T>): Promise<T>;
  /** Resolves when none of the thread's is left, or after this time. */
  settled(threadId: string, patienceMs: number): Promise<void>;
}

export function createUnderWay(): UnderWay {
  const threads = new Map<string, Set<Promise<unknown>>>();

  const remove = (threadId: string, effect: Promise<unknown>) => {
    const effects = threads.get(threadId);
    effects?.delete(effect);
    if (effects?.size === 0) threads.delete(threadId);
  };

  return {
    track(threadId, effect) {
      const effects = threads.get(threadId) ?? new Set();
      threads.set(threadId, effects.add(effect));
      const over = () => remove(threadId, effect);
      effect.then(over, over);
      return effect;
    },
    async settled(threadId, patienceMs) {
      const effects = [...(threads.get(threadId) ?? [])];
      if (effects.length === 0) return;
      const patience = Promise.withResolvers<void>();
      const timer = setTimeout(patience.resolve, patienceMs);
      await Promise.race([Promise.allSettled(effects), patience.promise]);
      clearTimeout(timer);
    },
  };
}
