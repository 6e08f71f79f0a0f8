import type { ApprovalRequest } from "../state/approval.ts";

/** The decisions that read-decision.ts understands, by LangChain's names. */
const DECISIONS = ["approve", "edit", "reject", "respond"] as const;

interface ActionEntry {
  name: string;
  args: Record<string, unknown>;
  /** The same again: agent-inbox reads it here, and shows no arguments without it. */
  arguments: Record<string, unknown>;
  description: string;
}

interface ReviewEntry {
  actionName: string;
  action_name: string;
  allowedDecisions: readonly string[];
  allowed_decisions: readonly string[];
}

/**
 * LangChain's request for a human in the loop, in the spellings of its JavaScript and of its Python package.
 * Each entry has both spellings too: LangGraph's SDK puts one list in the place of the other, and
 * agent-chat-ui looks for `action_name` in what is left.
 */
export interface LangChainRequest {
  actionRequests: ActionEntry[];
  reviewConfigs: ReviewEntry[];
  action_requests: ActionEntry[];
  review_configs: ReviewEntry[];
}

/**
 * The approval in the form that LangGraph's own user interfaces (agent-chat-ui, agent-inbox) and LangChain's
 * clients read: one action with all of its arguments.
 */
export function langChainRequest({
  actionType: name,
  context: args,
  message: description,
}: Pick<ApprovalRequest, "actionType" | "context" | "message">): LangChainRequest {
  const actions = [{ name, args, arguments: args, description }];
  const reviews = [
    { actionName: name, action_name: name, allowedDecisions: DECISIONS, allowed_decisions: DECISIONS },
  ];
  return {
    actionRequests: actions,
    reviewConfigs: reviews,
    action_requests: actions,
    review_configs: reviews,
  };
}
