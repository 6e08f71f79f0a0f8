import type { FastifyInstance } from "fastify";
import type { ApprovalStore } from "../ports/approval-store.ts";
import { showApproval } from "../threads/show.ts";
import { ownerOf } from "./auth.ts";
import { about, success } from "./envelope.ts";

/** `GET /aura/approvals`: what waits for the caller's decision, so that a reloaded page can show its cards again. */
export function approvalRoutes(app: FastifyInstance, approvals: ApprovalStore): void {
  app.get("/aura/approvals", async (request) => {
    const pending = await approvals.pendingOf(ownerOf(request));
    return success({ items: pending.map(showApproval) }, about(request));
  });
}
