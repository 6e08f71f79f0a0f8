import { BackendUnavailableError } from "../errors.ts";
import type { OwnerCaps } from "../records/owner-caps.ts";
import type { BackendLogger } from "./backend-logger.ts";

/** How a process works on jobs. */
export interface WorkOptions {
  /** Handlers that run side by side in this process. */
  concurrency?: number;
  /** How many of them one user may have, and one tenant; as many as there are when not given. */
  caps?: OwnerCaps;
  /** Pause before the second attempt, in ms; it doubles with each further one. */
  backoffMs?: number;
}

/** What both job queues are made with. */
export interface JobQueueOptions extends WorkOptions {
  /** Hears of every attempt that has failed. */
  onError: (error: unknown, threadId: string) => void;
}

export const DEFAULT_CONCURRENCY = 64;
export const DEFAULT_BACKOFF_MS = 1_000;
/** After that the job is given up. What it was for is still due, and the sweep makes a new one. */
export const ATTEMPTS = 5;

/** @returns an onError that writes to the log */
export function reportTo(logger: BackendLogger): JobQueueOptions["onError"] {
  return (err, threadId) => {
    // An absent backend reports for itself, and once, not for each of the jobs that miss it.
    if (!(err instanceof BackendUnavailableError)) logger.error({ err, threadId }, "a job failed");
  };
}
