import type { Logger } from "pino";
import { listenForSignals } from "./approvals/listen.ts";
import type { Config } from "./config.ts";
import { keepListening } from "./keep-listening.ts";
import type { Agent } from "./ports/agent-graph.ts";
import type { Backend } from "./ports/backend.ts";
import { advance } from "./runs/advance.ts";
import { createCancellations } from "./runs/cancel.ts";
import { createHolding } from "./runs/holding.ts";
import type { Presence } from "./runs/presence.ts";
import { startSweep } from "./runs/sweep.ts";

export interface WorkerDeps {
  backend: Backend;
  agent: () => Promise<Agent>;
  logger: Logger;
  presence: Presence;
  /** Unix ms. */
  now: () => number;
  /** Told of every run that has changed. */
  onChange: (runId: string) => void;
}

export interface Worker {
  /** Whether signals and cancels can be heard: a service that cannot is not ready. */
  isListening(): boolean;
  /**
   * Takes no more work, gives executing runs `drainMs` to reach a stop, then gives them up: they go on in
   * another process from their last checkpoint.
   */
  close(drainMs: number): Promise<void>;
}

/**
 * The part of the service that works on runs: jobs, signals, cancels and the sweep that finds what those have
 * lost.
 */
export async function startWorker(
  config: Pick<Config, "leaseMs" | "reconcileMs" | "approvalTtlMs" | "limits">,
  { backend, agent, logger, presence, now, onChange }: WorkerDeps,
): Promise<Worker> {
  const { approvals, queue, threads, control, signals } = backend;
  const { approvalTtlMs, leaseMs, limits, reconcileMs } = config;
  const shutdown = new AbortController();
  const cancellations = createCancellations();
  const holding = createHolding(backend.leases, leaseMs, logger, now);

  queue.work(async (threadId) => {
    const deps = { ...backend, agent: await agent(), logger, presence, now, approvalTtlMs, limits, onChange };
    await advance(deps, holding, { shutdown: shutdown.signal, cancellations }, threadId);
  });
  const decide = { approvals, queue, logger, now };
  const sweep = startSweep({ ...decide, threads }, { everyMs: reconcileMs, patienceMs: leaseMs });
  const listening = await listenForSignals(signals, { ...decide, onGap: sweep.soon });
  const cancels = await keepListening(
    () => control.listen({ onCancel: cancellations.cancel, onGap: () => {} }),
    logger,
    "cancels",
  );

  const examining = await keepListening(
    () => backend.examination.listen(async (call) => (await agent()).examine(call)),
    logger,
    "edited calls",
  );

  return {
    isListening: () => listening.isListening() && cancels.isListening() && examining.isListening(),
    async close(drainMs) {
      await listening.close();
      await sweep.close();
      const deadline = setTimeout(() => shutdown.abort(new Error("shutting down")), drainMs);
      try {
        await queue.close();
      } finally {
        clearTimeout(deadline);
        await Promise.all([cancels.close(), examining.close()]);
        holding.close();
      }
    },
  };
}
