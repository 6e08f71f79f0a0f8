import { type ApprovalList, editBody, type PendingApproval } from "@aura-platform/contract/approvals.ts";
import { requestParams } from "@aura-platform/contract/hitl.ts";
import type { FastifyInstance } from "fastify";
import type { Edit } from "../approvals/edit.ts";
import type { ApprovalStore } from "../ports/approval-store.ts";
import type { ApprovalRecord } from "../records/approval.ts";
import type { Owner } from "../records/run.ts";
import { showApproval } from "../threads/show.ts";
import { ownerOf } from "./auth.ts";
import { about, success } from "./envelope.ts";
import { languageOf } from "./language.ts";
import { parseInput } from "./schemas.ts";

interface ApprovalRouteDeps {
  approvals: Pick<ApprovalStore, "pendingOf">;
  /** Puts an approval with other arguments in the place of one that waits. */
  edit(owner: Owner, edit: Edit): Promise<ApprovalRecord>;
}

/**
 * `GET /aura/approvals`: what waits for the caller's decision, so that a reloaded page can show its cards
 * again. `POST /aura/approvals/{requestId}/edit`: the same call with other arguments, to be decided anew.
 */
export function approvalRoutes(app: FastifyInstance, { approvals, edit }: ApprovalRouteDeps): void {
  app.get("/aura/approvals", async (request) => {
    const pending = await approvals.pendingOf(ownerOf(request));
    return success<ApprovalList>({ items: pending.map(showApproval) }, about(request));
  });

  app.post("/aura/approvals/:requestId/edit", async (request) => {
    const language = languageOf(request);
    const { requestId } = parseInput(requestParams, request.params, language);
    const { arguments: args } = parseInput(editBody, request.body, language);
    const edited = await edit(ownerOf(request), { requestId, arguments: args, language });
    return success<PendingApproval>(showApproval(edited), about(request));
  });
}
