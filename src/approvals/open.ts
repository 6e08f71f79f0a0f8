import { createHash } from "node:crypto";
import { shownPart } from "@aura-platform/contract/approvals.ts";
import type { WireEvent } from "@aura-platform/contract/events.ts";
import { jsonObject } from "@aura-platform/contract/json-text.ts";
import { z } from "zod";
import { type GraphState, openInterrupts } from "../ports/agent-graph.ts";
import type { ApprovalRecord } from "../records/approval.ts";
import type { RunRecord } from "../records/run.ts";

/** The interrupt value of graphs/state/approval.ts, as it comes back from a checkpoint. */
const approvalRequest = z.object({
  kind: z.literal("approval"),
  taskId: z.string().min(1),
  toolCallId: z.string(),
  actionType: z.string(),
  context: jsonObject,
  digest: z.string(),
  message: z.string(),
  shown: shownPart.strip().exactOptional(),
});

/**
 * The approvals that a stopped graph waits for, one per interrupted tool call.
 *
 * @param at Unix ms
 * @throws when a task waits on an interrupt that is not an approval: nobody could ever answer it
 */
export function approvalsOf(run: RunRecord, state: GraphState, at: number, ttlMs: number): ApprovalRecord[] {
  return openInterrupts(state).map(({ node, id, value }) => {
    const request = approvalRequest.safeParse(value);
    if (!request.success || id === undefined) {
      throw new Error(`node ${node} waits on an interrupt that is not an approval`, {
        cause: request.error,
      });
    }
    const { taskId, toolCallId, actionType, context, digest, message, shown } = request.data;
    const requestId = requestIdOf(run.threadId, taskId, toolCallId);
    return {
      v: 1,
      requestId,
      threadId: run.threadId,
      runId: run.runId,
      tenantId: run.tenantId,
      userId: run.userId,
      interruptId: id,
      taskId,
      toolCallId,
      actionType,
      context,
      digest,
      message,
      ...(shown === undefined ? {} : { shown: { ...shown, notice: withId(shown.notice, requestId) } }),
      status: "pending",
      createdAt: at,
      expiresAt: at + ttlMs,
    } as const;
  });
}

/**
 * The same tool call of the same step always has the same id, so that opening twice is harmless; a replay or
 * fork has another task id and asks again. Tool call ids alone repeat on some servers.
 */
export function requestIdOf(threadId: string, taskId: string, toolCallId: string): string {
  const key = JSON.stringify([threadId, taskId, toolCallId]);
  return `req-${createHash("sha256").update(key).digest("hex").slice(0, 32)}`;
}

/**
 * Puts the id of the request, which the graph does not know, into the graph's notice. Only the placeholder at
 * its end counts: what stands before it may be names from other people's texts.
 */
export function withId(notice: string, requestId: string): string {
  return notice.replace(/\{requestId\}(?=\.$)/, requestId);
}

/** The event that puts the approval in front of a person. */
export function hitlEvent(approval: ApprovalRecord): WireEvent {
  const { requestId, actionType, message, context, toolCallId, shown, editOf } = approval;
  return {
    type: "hitl",
    data: {
      ...{ requestId, actionType, message, context, requiresApproval: true, toolCallId },
      ...(editOf === undefined ? {} : { editOf }),
      ...(shown === undefined ? {} : { shown }),
    },
  };
}
