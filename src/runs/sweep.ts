import type { Logger } from "pino";
import { type ReconcileDeps, reconcileApprovals } from "../approvals/reconcile.ts";
import { type RestateContradictedDeps, restateContradicted } from "../approvals/restate.ts";
import type { PortsOf } from "../ports/backend.ts";

interface EnqueueDueDeps extends PortsOf<{ threads: "takeDue"; queue: "enqueue" }> {
  /** Unix ms. */
  now: () => number;
}

export type SweepDeps = EnqueueDueDeps & ReconcileDeps & RestateContradictedDeps & { logger: Logger };

export interface SweepOptions {
  everyMs: number;
  /** How long a run that was found due may take to be taken up before it is found again, in ms. */
  patienceMs: number;
}

/**
 * Finds what a lost message, a crash or a lost job has left undone. It runs on every instance; two that find
 * the same do no harm.
 */
export interface Sweep {
  /** Sweeps soon, besides the regular times; a sweep under way counts. */
  soon(): void;
  close(): Promise<void>;
}

/** Due runs that one round trip takes. */
const BATCH = 100;

export function startSweep(deps: SweepDeps, { everyMs, patienceMs }: SweepOptions): Sweep {
  let running: Promise<void> | null = null;
  let closed = false;

  const sweep = async () => {
    try {
      await enqueueDue(deps, patienceMs);
      await reconcileApprovals(deps);
      await restateContradicted(deps);
    } catch (err) {
      deps.logger.warn({ err }, "sweep failed; the next one tries again");
    }
  };
  const soon = () => {
    if (closed) return;
    running ??= sweep().finally(() => {
      running = null;
    });
  };
  // With a random part, so that instances that were started together do not all sweep at once.
  const timer = setInterval(soon, everyMs * (0.9 + Math.random() * 0.2));
  soon();

  return {
    soon,
    async close() {
      closed = true;
      clearInterval(timer);
      await running;
    },
  };
}

async function enqueueDue({ threads, queue, now }: EnqueueDueDeps, patienceMs: number): Promise<void> {
  for (;;) {
    const due = await threads.takeDue(now(), now() + patienceMs, BATCH);
    for (const run of due) await queue.enqueue(run, run.begun ? "begun" : "new");
    if (due.length < BATCH) return;
  }
}
