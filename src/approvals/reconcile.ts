import type { PendingApproval, Published } from "../ports/approval-store.ts";
import type { PortsOf } from "../ports/backend.ts";
import type { Decision } from "../records/approval.ts";
import { type ApplyDeps, applyDecision } from "./decide.ts";
import { isOfTenant, parsePublishedRequest, publishedDecision } from "./published-request.ts";
import { decisionOf, parseSignal } from "./signal.ts";

type OwnRequestDeps = PortsOf<{ approvals: "get" | "publishedRequest" }>;

export type ReconcileDeps = ApplyDeps &
  OwnRequestDeps &
  PortsOf<{ approvals: "pending" | "published" }> & {
    /** Unix ms. */
    now: () => number;
  };

/** Approvals looked at in one round trip. */
const PAGE = 500;

/**
 * Looks at every pending approval for what no signal has told us: a decision that Main Service has stored, or
 * that its time is over. Pub/Sub loses messages; this is where they are found again.
 */
export async function reconcileApprovals(deps: ReconcileDeps): Promise<void> {
  let after: PendingApproval | null = null;
  for (;;) {
    const page: PendingApproval[] = await deps.approvals.pending(after, PAGE);
    const published = await deps.approvals.published(page);
    for (const [index, approval] of page.entries()) {
      const decision = outcome(approval, published[index], deps.now());
      if (decision !== null) await decideQuietly(deps, approval, decision, published[index]?.signal ?? null);
    }
    after = page.at(-1) ?? null;
    if (page.length < PAGE) return;
  }
}

/** What has become of a pending approval; null while it waits. */
function outcome(approval: PendingApproval, published: Published | undefined, at: number): Decision | null {
  const request = parsePublishedRequest(published?.request ?? null);
  const decided = publishedDecision(request, at) ?? keptSignal(approval, published?.signal ?? null, at);
  if (decided !== null) return decided;
  return approval.expiresAt <= at ? { status: "expired", decidedAt: at } : null;
}

/** The session's kept signal, when it is about this request. */
function keptSignal(approval: PendingApproval, payload: string | null, at: number): Decision | null {
  const parsed = payload === null ? null : parseSignal(payload);
  if (parsed === null || "refused" in parsed || parsed.signal.requestId !== approval.requestId) return null;
  return decisionOf(parsed.signal, null, at);
}

async function decideQuietly(
  deps: ApplyDeps & OwnRequestDeps,
  approval: PendingApproval,
  found: Decision,
  signal: string | null,
): Promise<void> {
  const { requestId, expiresAt } = approval;
  const at = found.decidedAt;
  const decision = found.status === "expired" ? found : await confirmed(deps, approval, signal, at);
  if (decision !== null) await applyDecision(deps, requestId, decision);
  // What another tenant's request says must not keep the approval from expiring.
  else if (expiresAt <= at) await applyDecision(deps, requestId, { status: "expired", decidedAt: at });
}

/**
 * The decision once more, from one reading of `hitl:request` that is of this approval's tenant: the page was
 * read before, and what it said then may have been another tenant's. Null when there is none.
 */
async function confirmed(
  { approvals }: OwnRequestDeps,
  approval: PendingApproval,
  signal: string | null,
  at: number,
): Promise<Decision | null> {
  const record = await approvals.get(approval.requestId);
  const request = parsePublishedRequest(await approvals.publishedRequest(approval.requestId));
  if (record === null || !isOfTenant(request, record.tenantId)) return null;
  return publishedDecision(request, at) ?? keptSignal(approval, signal, at);
}
