import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { ThreadRegistry } from "../ports/thread-registry.ts";
import { createGate, type Gate } from "./gate.ts";

/**
 * This process, as the runs that it works on know it. A run lists who has begun to work on it; whoever stops
 * in good order is taken off, so that those who are left have ended (docs/decisions/0052).
 */
export interface Presence {
  /** This process's name in run records, unique for each process. */
  readonly worker: string;
  readonly gate: Gate;
  /**
   * How long a process that has been out of reach may take to say that it has stopped in good order, in ms.
   */
  readonly graceMs: number;
  /** Brings a run to its end: that is no execution, but may end a process as well. */
  during(runId: string, work: () => Promise<void>): Promise<void>;
  /** From now on the run is worked on here, until it has `stopped`. */
  works(runId: string): void;
  stopped(runId: string): void;
  /** The run has a new checkpoint of this process. */
  progressed(runId: string): Promise<void>;
  /** Others are worked on beside the run. */
  joined(runId: string): Promise<void>;
  /**
   * This process has stopped working on the run in good order: said now, or as soon as the backend is back.
   */
  left(runId: string): Promise<void>;
  /** This process is about to end by the fault of this run, or of any of those that it works on. */
  blame(runId: string | undefined): void;
  close(): void;
}

/**
 * Leases that a frozen process may miss before it counts as ended. (The fault runs of test/faults freeze one
 * for more than two.)
 */
const GRACE_LEASES = 3;

export interface PresenceOptions {
  threads: Pick<ThreadRegistry, "attend">;
  leaseMs: number;
  logger: Logger;
}

export function createPresence({ threads, leaseMs, logger }: PresenceOptions): Presence {
  const worker = randomUUID();
  const working = new Set<string>();
  const unsaid = new Set<string>();
  const blamed = new Set<string>();

  const say = async (runId: string) => {
    try {
      await threads.attend(runId, worker, "left");
      unsaid.delete(runId);
    } catch (err) {
      unsaid.add(runId);
      logger.debug({ err, runId }, "could not say that this process has stopped working on a run");
    }
  };
  // Well within the time (`graceMs`) that others wait before they take this process for ended.
  const timer = setInterval(() => {
    for (const runId of unsaid) if (!working.has(runId)) void say(runId);
  }, leaseMs / 3);
  timer.unref();

  const works = (runId: string) => {
    working.add(runId);
    // It works on the run again: what it has not said yet is not true any more.
    unsaid.delete(runId);
  };
  const stopped = (runId: string) => void working.delete(runId);
  const left = async (runId: string) => {
    if (!blamed.has(runId)) await say(runId);
  };

  return {
    worker,
    gate: createGate(),
    graceMs: GRACE_LEASES * leaseMs,
    works,
    stopped,
    left,
    async during(runId, work) {
      works(runId);
      try {
        await threads.attend(runId, worker, "begins");
        await work();
      } finally {
        stopped(runId);
        await left(runId);
      }
    },
    async progressed(runId) {
      await threads.attend(runId, worker, "progressed");
      blamed.delete(runId);
    },
    joined: (runId) => threads.attend(runId, worker, "joined"),
    blame(runId) {
      const culprits = runId !== undefined && working.has(runId) ? [runId] : working;
      for (const culprit of culprits) blamed.add(culprit);
    },
    close: () => clearInterval(timer),
  };
}
