import type { Logger } from "pino";
import type { PortsOf } from "../ports/backend.ts";
import type { RawSignal } from "../ports/signal-bus.ts";
import type { ApprovalRecord, Decision } from "../records/approval.ts";
import { isOfTenant, parsePublishedRequest, publishedDecision } from "./published-request.ts";
import { type RestateDeps, restate } from "./restate.ts";
import { decisionOf, parseSignal } from "./signal.ts";

export type ApplyDeps = PortsOf<{ approvals: "settle"; queue: "enqueue" }> & { logger: Logger };

export type DecideDeps = ApplyDeps & RestateDeps & PortsOf<{ approvals: "get" | "publishedRequest" }>;

/**
 * Takes in one message of `hitl:channel:{sessionId}`: checks it against the approval's record and against
 * what Main Service stored, and applies the decision. A message that decides nothing is logged once, with the
 * reason, and ignored. Rejects only when the backend fails.
 */
export async function decideBySignal(deps: DecideDeps, raw: RawSignal): Promise<void> {
  const { sessionId } = raw;
  const ignore = (reason: string, requestId?: string) =>
    deps.logger.warn({ sessionId, requestId, reason }, "signal ignored");

  const parsed = parseSignal(raw.payload);
  if ("refused" in parsed) return ignore(parsed.refused);
  const { requestId } = parsed.signal;

  const [approval, request] = await Promise.all([
    deps.approvals.get(requestId),
    deps.approvals.publishedRequest(requestId),
  ]);
  if (approval === null) return ignore("unknown request", requestId);
  if (approval.threadId !== sessionId) return ignore("request of another session", requestId);
  const published = parsePublishedRequest(request);
  if (approval.status !== "pending") {
    const told = publishedDecision(published, deps.now());
    if (told !== null && told.status !== approval.status) await restate(deps, requestId);
    return ignore(`already ${approval.status}`, requestId);
  }
  // Who decided and why would be taken from it, and it may be ours again a moment later.
  if (!isOfTenant(published, approval.tenantId)) {
    return ignore("hitl:request names another tenant", requestId);
  }
  const standing = await applyDecision(deps, requestId, decisionOf(parsed.signal, published, deps.now()));
  if (standing === null) return;
  if (standing.status === "pending") return ignore("hitl:request names another tenant", requestId);
  await restate(deps, requestId);
  ignore(`already ${standing.status}`, requestId);
}

/**
 * Moves the approval out of `pending` and lets its thread go on. The step out of `pending` also makes the run
 * due, so a crash before the job is enqueued delays the resume and does not lose it.
 *
 * @returns null when this call decided (perhaps what Main Service has decided meanwhile); else the record
 *   that stands (still pending when it was to expire, and Main Service has decided; or when hitl:request
 *   names another tenant now)
 */
export async function applyDecision(
  deps: ApplyDeps,
  requestId: string,
  decision: Decision,
): Promise<ApprovalRecord | null> {
  const result = await deps.approvals.settle(requestId, decision);
  if (result === null) throw new Error(`approval ${requestId} is gone`);
  const { record } = result;
  if (!result.settled) return record;
  const { threadId, runId, status, decidedBy } = record;
  deps.logger.info({ sessionId: threadId, runId, requestId, status, decidedBy }, "approval decided");
  await deps.queue.enqueue(record, "begun");
  return null;
}
