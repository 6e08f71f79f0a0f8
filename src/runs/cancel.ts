import type { Logger } from "pino";
import { voidApprovals } from "../approvals/void.ts";
import { AuraError } from "../errors.ts";
import type { PortsOf } from "../ports/backend.ts";
import { isOwnedBy, type Owner, type RunRecord } from "../records/run.ts";

export interface CancelDeps
  extends PortsOf<{
    threads: "run" | "transition";
    approvals: "unfinished" | "settle";
    control: "announceCancel";
    queue: "enqueue";
  }> {
  logger: Logger;
  /** Unix ms. */
  now: () => number;
}

/**
 * Stops a queued, running or waiting run on whatever instance has it, and voids its approvals. The record
 * comes first; the stream is ended by whoever holds the thread (runs/wind-up). Cancelling a cancelled run
 * does nothing.
 *
 * @throws AuraError E1004 when the caller has no such run; E3002 when it has ended otherwise
 */
export async function cancelRun(deps: CancelDeps, owner: Owner, runId: string): Promise<RunRecord> {
  const { threads, approvals, control, queue } = deps;
  const run = await threads.run(runId);
  if (run === null || !isOwnedBy(run, owner)) throw new AuraError("E1004");
  const cancelled = await threads.transition(
    runId,
    ["queued", "running", "waiting"],
    "cancelled",
    deps.now(),
  );
  if (cancelled === null) {
    const standing = await threads.run(runId);
    if (standing?.status === "cancelled") return standing;
    throw new AuraError("E3002", { data: { runId, status: standing?.status ?? run.status } });
  }
  await voidApprovals(approvals, run, "run cancelled", deps.now());
  await control.announceCancel(runId);
  await queue.enqueue(run, "begun");
  deps.logger.info({ runId, threadId: run.threadId }, "run cancelled");
  return cancelled;
}

/** Reaches the runs that this process is executing. */
export interface Cancellations {
  /**
   * A signal that aborts when the run is cancelled from now on; close it when the run is not executing any
   * more.
   */
  listen(runId: string): { signal: AbortSignal; close(): void };
  cancel(runId: string): void;
}

export function createCancellations(): Cancellations {
  const executing = new Map<string, AbortController>();
  return {
    listen(runId) {
      const controller = new AbortController();
      executing.set(runId, controller);
      return {
        signal: controller.signal,
        close: () => {
          if (executing.get(runId) === controller) executing.delete(runId);
        },
      };
    },
    cancel: (runId) => executing.get(runId)?.abort(new Error("the run has been cancelled")),
  };
}
