import type { ApprovalRequest } from "./approval.ts";

/** What read-decision.ts understands, in LangChain's words. */
const DECISIONS = ["approve", "edit", "reject", "respond"] as const;

/** LangChain's request for a human in the loop, in the spelling of its JavaScript package and in that of its Python package. */
export interface LangChainRequest {
  actionRequests: { name: string; args: Record<string, unknown>; description: string }[];
  reviewConfigs: { actionName: string; allowedDecisions: readonly string[] }[];
  action_requests: {
    name: string;
    args: Record<string, unknown>;
    /** The same once more: agent-inbox reads it here, and shows no arguments without it. */
    arguments: Record<string, unknown>;
    description: string;
  }[];
  review_configs: { action_name: string; allowed_decisions: readonly string[] }[];
}

/**
 * The approval as LangGraph's own user interfaces (agent-chat-ui, agent-inbox) and LangChain's clients know one: one action, with all of
 * its arguments.
 */
export function langChainRequest({
  actionType: name,
  context: args,
  message: description,
}: Pick<ApprovalRequest, "actionType" | "context" | "message">): LangChainRequest {
  return {
    actionRequests: [{ name, args, description }],
    reviewConfigs: [{ actionName: name, allowedDecisions: DECISIONS }],
    action_requests: [{ name, args, arguments: args, description }],
    review_configs: [{ action_name: name, allowed_decisions: DECISIONS }],
  };
}
