import { z } from "zod";
import type { ApprovalRecord, Settlement } from "../approvals/approval.ts";
import { HITL_TTL_S } from "../approvals/approval.ts";
import { standingDecision } from "../approvals/signal.ts";

// A record, not an object with a status: zod would move the fields that it names to the front.
const request = z.record(z.string(), z.unknown());

/**
 * `hitl:request`'s JSON with another status, or null when it is not pending there: then somebody else has
 * decided (or written something that we do not understand), and what stands there must stay.
 */
export function withStatus(requestJson: string, status: Settlement): string | null {
  let value: unknown;
  try {
    value = JSON.parse(requestJson);
  } catch {
    return null;
  }
  const { data } = request.safeParse(value);
  return data?.status === "pending" ? JSON.stringify({ ...data, status }) : null;
}

/** `hitl:request`'s JSON with the id of its AgentTask, or null when it is not pending there, or names one already. */
export function withTaskId(requestJson: string, taskId: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(requestJson);
  } catch {
    return null;
  }
  const { data } = request.safeParse(value);
  return data?.status === "pending" && data.taskId === undefined ? JSON.stringify({ ...data, taskId }) : null;
}

/** Whether Main Service has decided there about this approval: its user has been told so, and nothing may overtake it. */
export function isDecidedThere(requestJson: string | null, { tenantId }: ApprovalRecord): boolean {
  return standingDecision(requestJson, tenantId, 0) !== null;
}

/** Approved and rejected are Main Service's own: it has rewritten hitl:request before it told us. */
export function isDecidedByMainService(status: Settlement): boolean {
  return status === "approved" || status === "rejected";
}

/** Decided, with the graph still to be told: a new message must not overtake it. */
export function awaitsResume(status: string): boolean {
  return status === "approved" || status === "rejected" || status === "expired";
}

/**
 * How long what Main Service reads is to live, in ms. From the record's own times: neither our clock nor Redis' has
 * a say, and `createdAt` is the moment of opening.
 */
export function publishedLifetimes({ createdAt, expiresAt }: ApprovalRecord) {
  const request = Math.max(1, Math.ceil(expiresAt - createdAt));
  return { request, session: Math.max(request, HITL_TTL_S.session * 1000) };
}
