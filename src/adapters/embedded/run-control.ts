import type { RunControl } from "../../ports/run-control.ts";

type Listener = Parameters<RunControl["listen"]>[0];

/** Announcements inside one process. */
export function createEmbeddedRunControl(): RunControl {
  const listeners = new Set<{ listener: Listener }>();
  return {
    async announceCancel(runId) {
      for (const joined of listeners) {
        // After the announcer's own turn, as with Redis.
        queueMicrotask(() => {
          if (listeners.has(joined)) joined.listener.onCancel(runId);
        });
      }
    },
    async listen(listener) {
      // An object of its own per call: one listener may join twice and leave once.
      const joined = { listener };
      listeners.add(joined);
      listener.onGap();
      return async () => {
        listeners.delete(joined);
      };
    },
  };
}
