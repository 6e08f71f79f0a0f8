/** After this many failures, with other runs' calls getting through in between, the report is at fault. */
const TIMES = 5;
/** Runs remembered at once; the oldest is forgotten, and begins anew. */
const MAX_RUNS = 1_000;

export interface Blame {
  /** A call about this run got through. */
  through(runId: string): void;
  /** One has failed. Returns whether that is the report's fault by now. */
  failed(runId: string): boolean;
  /** Its report is over. */
  forget(runId: string): void;
}

/**
 * Tells a report that Main Service cannot take from a Main Service that takes none: both are answered 500. A
 * failure counts only if another run's call has got through since the last one, so that no outage makes a
 * report hopeless.
 */
export function createBlame(): Blame {
  let moment = 0;
  /** The last call that got through, and the last one of another run than that. */
  let last = { runId: "", at: 0 };
  let other = { runId: "", at: 0 };
  const failing = new Map<string, { at: number; times: number }>();

  return {
    through(runId) {
      if (runId !== last.runId) other = last;
      moment += 1;
      last = { runId, at: moment };
      failing.delete(runId);
    },
    failed(runId) {
      const before = failing.get(runId);
      const others = last.runId === runId ? other : last;
      const isTheirs = before === undefined || others.at > before.at;
      const times = (before?.times ?? 0) + (isTheirs ? 1 : 0);
      failing.delete(runId);
      moment += 1;
      failing.set(runId, { at: moment, times });
      const [oldest] = failing.keys();
      if (failing.size > MAX_RUNS && oldest !== undefined) failing.delete(oldest);
      return times >= TIMES;
    },
    forget: (runId) => void failing.delete(runId),
  };
}
