import { z } from "zod";
import type { ApprovalRecord } from "../approvals/approval.ts";
import type { SavedEffect } from "../ports/thread-archive.ts";
import type { Owner } from "../runs/run.ts";
import { ownThread, type ThreadDeps } from "./deps.ts";

/** How the graph's tool node leaves an outcome in the ledger (graphs/effect.ts). */
const outcome = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({ ok: z.literal(false), problem: z.string(), quoted: z.string().exactOptional() }),
]);

type Outcome =
  | { state: "not_executed" }
  /** It has begun; unless it is executing now, nobody knows what came of it. */
  | { state: "executing_or_unknown" }
  | { state: "completed"; result: unknown }
  | { state: "failed"; error: string };

/** Per approval of a thread: what was proposed, who decided what and when, and what came of it. Oldest first. */
export async function threadAudit(deps: ThreadDeps, owner: Owner, threadId: string) {
  await ownThread(deps, owner, threadId);
  const { archive } = deps.backend;
  const [approvals, effects] = await Promise.all([archive.approvals(threadId), archive.effects(threadId)]);
  const byCall = new Map(effects.map((effect) => [nameOf(effect), effect]));
  return { items: approvals.map((approval) => describe(approval, byCall.get(nameOf(approval)))) };
}

function describe(approval: ApprovalRecord, effect: SavedEffect | undefined) {
  const { requestId, runId, toolCallId, actionType, context, digest, message, status } = approval;
  const { createdAt, expiresAt, decidedAt, decidedBy, reason, lateDecision } = approval;
  return {
    ...{ requestId, runId, toolCallId, tool: actionType, arguments: context, digest, message, status },
    ...{ proposedAt: createdAt, expiresAt },
    ...(decidedAt === undefined ? {} : { decidedAt }),
    ...(decidedBy === undefined ? {} : { decidedBy }),
    ...(reason === undefined ? {} : { reason }),
    ...(approval.imported === true ? { imported: true } : {}),
    // Somebody was told of it at Main Service, and it had no effect.
    ...(lateDecision === undefined ? {} : { lateDecision }),
    // The approval is bound to its arguments by their digest: nothing else can have been used.
    effectiveArguments: effect === undefined ? null : context,
    outcome: outcomeOf(effect),
  };
}

function outcomeOf(effect: SavedEffect | undefined): Outcome {
  if (effect === undefined) return { state: "not_executed" };
  const parsed = outcome.safeParse(effect.outcome);
  if (!parsed.success) return { state: "executing_or_unknown" };
  if (parsed.data.ok) return { state: "completed", result: parsed.data.result };
  const { problem, quoted } = parsed.data;
  return { state: "failed", error: quoted === undefined ? problem : `${problem} (${quoted})` };
}

/** JSON, because ids may hold any character. */
function nameOf({ taskId, toolCallId }: { taskId: string; toolCallId: string }): string {
  return JSON.stringify([taskId, toolCallId]);
}
