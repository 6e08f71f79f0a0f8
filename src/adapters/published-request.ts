import type { LateDecision } from "@aura-platform/contract/approvals.ts";
import { HITL_TTL_S } from "@aura-platform/contract/hitl.ts";
import {
  isOfTenant,
  lateDecisionIn,
  parsePublishedRequest,
  parseRequest,
  standingDecision,
} from "../approvals/published-request.ts";
import { type OurSettlement, ourWord } from "../approvals/settled-request.ts";
import type { ApprovalRecord, Decision } from "../records/approval.ts";
import { maySettle } from "../records/approval.ts";

/** How a pending approval is settled, seen together with what `hitl:request` holds. */
export interface Settling {
  /** As it is recorded. */
  decision: Decision;
  /** What `hitl:request` becomes; null when it stays as it is. */
  request: string | null;
  /** Whether Main Service may still decide otherwise: it has not decided, as far as we can see. */
  isOpenAtMain: boolean;
}

/**
 * What becomes of an approval and of its `hitl:request`: the two must say the same. Null when it may not be
 * settled so: it is settled already (records/approval.ts), nothing expires that Main Service has decided, and
 * nobody decides while the request names another tenant.
 *
 * Whoever heard a bare signal while Main Service was deciding records Main Service's decision. What a run's
 * end voids stays void: then the decision that Main Service has just taken is kept as a late one, and
 * `hitl:request` says what stands.
 */
export function settlingOf(
  record: ApprovalRecord,
  request: string | null,
  decision: Decision,
): Settling | null {
  if (!maySettle(record.status, decision.status)) return null;
  const { tenantId } = record;
  const isPersons = decision.status === "approved" || decision.status === "rejected";
  if (!isOfTenant(parsePublishedRequest(request), tenantId)) {
    return isPersons ? null : { decision, request: null, isOpenAtMain: true };
  }
  const standing = standingDecision(request, tenantId, decision.decidedAt);
  if (standing === null) {
    return { decision, request: withOurWord(request, decision), isOpenAtMain: true };
  }
  if (decision.status === "expired") return null;
  if (isPersons) return { decision: standing, request: null, isOpenAtMain: false };
  const lateDecision = lateDecisionIn(request, tenantId, decision.decidedAt);
  return {
    decision: lateDecision === null ? decision : { ...decision, lateDecision },
    request: withOurWord(request, decision),
    isOpenAtMain: true,
  };
}

/**
 * How long a settled approval is watched for a decision that Main Service began before it could see the
 * settlement: it takes milliseconds, and a process that stands still may take longer.
 */
export const WATCH_MS = 60_000;
/**
 * Watched approvals that one sweep looks at, longest settled first: all of their requests are in memory at
 * once.
 */
export const WATCHED_AT_ONCE = 500;

/**
 * What is to be said again of a settled approval, and what is to be kept of the decision that came too late.
 */
interface Restatement {
  lateDecision: LateDecision;
  /** What `hitl:request` becomes; null when it stays as it is. */
  request: string | null;
}

/** Null when `hitl:request` does not contradict the record. */
export function restatementOf(
  record: ApprovalRecord,
  request: string | null,
  at: number,
): Restatement | null {
  const { status, tenantId } = record;
  if (status === "pending") return null;
  const late = lateDecisionIn(request, tenantId, at);
  if (late === null || late.status === status) return null;
  const { reason, editedAs, lateDecision = late } = record;
  const said = {
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(editedAs === undefined ? {} : { editedAs }),
  };
  const restated = withOurWord(request, said);
  // Known already, and it cannot be said there.
  if (restated === null && record.lateDecision !== undefined) return null;
  return { lateDecision, request: restated };
}

/**
 * How a pending approval gives its place to an edited one. Null when Main Service has decided it already, or
 * while its request names another tenant.
 */
export function replacementOf(
  record: ApprovalRecord,
  request: string | null,
  edited: ApprovalRecord,
): Settling | null {
  if (isDecidedThere(request, record)) return null;
  if (!isOfTenant(parsePublishedRequest(request), record.tenantId)) return null;
  const decision = {
    status: "superseded",
    editedAs: edited.requestId,
    decidedAt: edited.createdAt,
  } as const;
  return settlingOf(record, request, decision);
}

/**
 * `hitl:request`'s JSON with our word in it; null when it is gone, or holds what Main Service cannot read
 * either.
 */
function withOurWord(requestJson: string | null, settled: OurSettlement): string | null {
  const value = requestJson === null ? null : parseRequest(requestJson);
  if (value === null) return null;
  try {
    return JSON.stringify({ ...value, ...ourWord(settled) });
  } catch {
    // Nested too deeply to be written: nothing of ours.
    return null;
  }
}

/**
 * `hitl:request`'s JSON with the id of its AgentTask, or null when it is not pending there, or names one
 * already.
 */
export function withTaskId(requestJson: string, taskId: string): string | null {
  const value = parseRequest(requestJson);
  if (value === null || !("status" in value) || value.status !== "pending") return null;
  if ("taskId" in value && value.taskId !== undefined) return null;
  try {
    return JSON.stringify({ ...value, taskId });
  } catch {
    return null;
  }
}

/**
 * Whether Main Service has decided there about this approval: its user has been told so, and nothing may
 * overtake it.
 */
export function isDecidedThere(requestJson: string | null, { tenantId }: ApprovalRecord): boolean {
  return standingDecision(requestJson, tenantId, 0) !== null;
}

/** Decided, with the graph still to be told: a new message must not overtake it. */
export function awaitsResume(status: string): boolean {
  return status === "approved" || status === "rejected" || status === "expired";
}

/**
 * How long what Main Service reads is to live, in ms. From the record's own times: neither our clock nor
 * Redis' has a say, and `createdAt` is the moment of opening.
 */
export function publishedLifetimes({ createdAt, expiresAt }: ApprovalRecord) {
  const request = Math.max(1, Math.ceil(expiresAt - createdAt));
  return { request, session: Math.max(request, HITL_TTL_S.session * 1000) };
}
