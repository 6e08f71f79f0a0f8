import type { AuditEntry, AuditList, AuditOutcome, LaterOutcome } from "@aura-platform/contract/audit.ts";
import type { RecordedEffect } from "@aura-platform/contract/thread-document.ts";
import { proposedArguments } from "../approvals/edits.ts";
import type { PortsOf } from "../ports/backend.ts";
import type { ApprovalRecord } from "../records/approval.ts";
import { type EffectOutcome, readOutcome } from "../records/effect-outcome.ts";
import type { Owner } from "../records/run.ts";
import { type OwnThreadDeps, ownThread } from "./own-thread.ts";

export type AuditDeps = OwnThreadDeps & PortsOf<{ archive: "approvals" | "effects" }>;

/**
 * Per approval of a thread: what was proposed, who decided what and when, and what came of it. Oldest first.
 *
 * @throws AuraError E1004 when the caller has no such thread
 */
export async function threadAudit(deps: AuditDeps, owner: Owner, threadId: string): Promise<AuditList> {
  await ownThread(deps, owner, threadId);
  const { archive } = deps;
  const [approvals, effects] = await Promise.all([archive.approvals(threadId), archive.effects(threadId)]);
  const byCall = new Map(effects.map((effect) => [nameOf(effect), effect]));
  return {
    items: approvals.map((approval) => {
      // The effect is that of the approval that has taken its place.
      const effect = approval.editedAs === undefined ? byCall.get(nameOf(approval)) : undefined;
      return describe(approval, effect, proposedArguments(approval, approvals));
    }),
  };
}

function describe(
  approval: ApprovalRecord,
  effect: RecordedEffect | undefined,
  proposed: Record<string, unknown> | undefined,
): AuditEntry {
  const { requestId, runId, toolCallId, actionType, context, digest, message, status } = approval;
  const { createdAt, expiresAt, decidedAt, decidedBy, reason, lateDecision } = approval;
  const { editOf, editedBy, editedAs } = approval;
  return {
    ...{ requestId, runId, toolCallId, tool: actionType, arguments: context, digest, message, status },
    ...{ proposedAt: createdAt, expiresAt },
    ...(decidedAt === undefined ? {} : { decidedAt }),
    ...(decidedBy === undefined ? {} : { decidedBy }),
    ...(reason === undefined ? {} : { reason }),
    ...(editOf === undefined ? {} : { editOf }),
    ...(editedBy === undefined ? {} : { editedBy }),
    ...(proposed === undefined ? {} : { proposedArguments: proposed }),
    ...(editedAs === undefined ? {} : { editedAs }),
    ...(approval.imported === true ? { imported: true as const } : {}),
    // Somebody was told of it at Main Service, and it had no effect.
    ...(lateDecision === undefined ? {} : { lateDecision }),
    // The approval is bound to its arguments by their digest: nothing else can have been used.
    effectiveArguments: effect === undefined || effect.ended === "never" ? null : context,
    outcome: outcomeOf(effect),
  };
}

/** The same word as in the events: both come from what the ledger has concluded. */
function outcomeOf(effect: RecordedEffect | undefined): AuditOutcome {
  if (effect === undefined || effect.ended === "never") return { state: "not_executed" };
  if (effect.ended === "unknown") {
    return {
      state: "unknown",
      ...("later" in effect ? { later: toOutcome(readOutcome(effect.later)) } : {}),
    };
  }
  if (!("outcome" in effect)) return { state: "executing_or_unknown" };
  return toOutcome(readOutcome(effect.outcome));
}

function toOutcome(effect: EffectOutcome): LaterOutcome {
  if (effect.outcome === "completed") return { state: "completed", result: effect.result };
  if (effect.outcome === "failed") return { state: "failed", error: effect.problem };
  return { state: "unknown", ...(effect.problem === undefined ? {} : { error: effect.problem }) };
}

/** JSON, because ids may hold any character. */
function nameOf({ taskId, toolCallId }: { taskId: string; toolCallId: string }): string {
  return JSON.stringify([taskId, toolCallId]);
}
