import type { FastifyInstance } from "fastify";
import type { ApprovalStore } from "../ports/approval-store.ts";
import { callerOf } from "./auth.ts";
import { success } from "./envelope.ts";
import { languageOf } from "./language.ts";

/** `GET /aura/approvals`: what waits for the caller's decision, so that a reloaded page can show its cards again. */
export function approvalRoutes(app: FastifyInstance, approvals: ApprovalStore): void {
  app.get("/aura/approvals", async (request) => {
    const { tenantId, userId } = callerOf(request);
    const pending = await approvals.pendingOf({ tenantId, userId });
    const items = pending.map(
      ({ requestId, threadId, runId, actionType, message, context, createdAt, expiresAt }) => ({
        requestId,
        sessionId: threadId,
        runId,
        actionType,
        message,
        context,
        status: "pending",
        createdAt,
        expiresAt,
      }),
    );
    return success({ items }, { traceId: request.id, language: languageOf(request) });
  });
}
