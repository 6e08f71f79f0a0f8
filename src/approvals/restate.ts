import type { Logger } from "pino";
import { BackendUnavailableError } from "../errors.ts";
import type { PortsOf } from "../ports/backend.ts";

export interface RestateDeps extends PortsOf<{ approvals: "restate" }> {
  logger: Logger;
  /** Unix ms. */
  now: () => number;
}

export type RestateContradictedDeps = RestateDeps & PortsOf<{ approvals: "contradicted" }>;

/**
 * Main Service has told somebody of a decision that came too late: from now on it tells what stands, and the
 * audit shows the late one.
 */
export async function restate({ approvals, logger, now }: RestateDeps, requestId: string): Promise<void> {
  const record = await approvals.restate(requestId, now());
  if (record === null) return;
  const { threadId: sessionId, runId, status, lateDecision } = record;
  logger.warn({ sessionId, runId, requestId, status, lateDecision }, "decision came too late");
}

/** The same for what no signal has told us. One that cannot be read does not stop the others. */
export async function restateContradicted(deps: RestateContradictedDeps): Promise<void> {
  for (const requestId of await deps.approvals.contradicted(deps.now())) {
    try {
      await restate(deps, requestId);
    } catch (err) {
      if (err instanceof BackendUnavailableError) throw err;
      deps.logger.warn({ err, requestId }, "a settled approval cannot be read");
    }
  }
}
