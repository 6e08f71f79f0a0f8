/** Who wants to know of changes to a thing, by its id. */
export interface Watchers {
  wake(id: string): void;
  /** The returned function ends it. */
  watch(id: string, onChange: () => void): () => void;
}

export function createWatchers(): Watchers {
  const watchers = new Map<string, Set<() => void>>();
  return {
    wake(id) {
      for (const onChange of watchers.get(id) ?? []) {
        // After the writer's own turn, as with Redis: a watcher never runs inside a write.
        queueMicrotask(() => {
          if (watchers.get(id)?.has(onChange)) onChange();
        });
      }
    },
    watch(id, onChange) {
      // A function of its own per call: one onChange may watch twice and leave once.
      const watcher = () => onChange();
      const set = watchers.get(id) ?? new Set();
      watchers.set(id, set.add(watcher));
      return () => {
        set.delete(watcher);
        if (set.size === 0 && watchers.get(id) === set) watchers.delete(id);
      };
    },
  };
}
