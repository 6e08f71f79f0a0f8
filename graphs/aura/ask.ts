import type { ToolMessage } from "@langchain/core/messages";
import { interrupt } from "@langchain/langgraph";
import { z } from "zod";
import { checkArguments } from "../../tools/arguments.ts";
import { callDigest } from "../../tools/digest.ts";
import type { AuraTool, ToolContext } from "../../tools/tool.ts";
import { type ApprovalDecision, type ApprovalRequest, approvalDecision } from "../state/approval.ts";
import { refusalText, TEXTS } from "../state/texts.ts";
import { type AnsweredCall, changedMessage, refusalMessage } from "../state/tool-answer.ts";
import { type LangChainRequest, langChainRequest } from "./langchain-request.ts";
import { readDecision } from "./read-decision.ts";
import type { ShownCall } from "./show-call.ts";
import type { CheckOptions } from "./tool-task.ts";

/** A call about which somebody is asked. */
interface AskedCall {
  tool: AuraTool;
  /** The model's arguments, validated. */
  args: Record<string, unknown>;
  context: ToolContext;
  /** Null for a call about which an older version asked without checking whether it can be shown. */
  shown: ShownCall | null;
}

export interface AskOptions extends CheckOptions {
  /** Requests are written in the form of LangGraph's own clients too. */
  langGraphClients: boolean;
}

/** The arguments that are used, and the model's own where a person has changed them. */
export interface UsedArguments {
  args: Record<string, unknown>;
  proposed?: Record<string, unknown>;
}

/** What came of asking. */
type ApprovalResult = { used: UsedArguments } & (
  | { runs: true }
  | {
      runs: false;
      /** For the user. */
      problem: string;
      /** For the model. */
      message: (call: AnsweredCall) => ToolMessage;
    }
);

/**
 * Suspends the task until somebody has decided about the call; on resume it returns what they have decided.
 */
export function askApproval(asked: AskedCall, options: AskOptions): ApprovalResult {
  const { tool, args, context, shown } = asked;
  const request: ApprovalRequest = {
    kind: "approval",
    taskId: context.taskId,
    toolCallId: context.toolCallId,
    actionType: tool.name,
    context: args,
    digest: callDigest(tool.name, args),
    // A call of an older version was not checked: its event then shows only the question.
    ...(shown ?? { message: tool.approvalMessage(args, context.language) }),
  };
  const value = options.langGraphClients ? { ...request, ...langChainRequest(request) } : request;
  const decision = interrupt<ApprovalRequest | (ApprovalRequest & LangChainRequest), ApprovalDecision>(
    value,
    {
      responseSchema: responseSchema(asked, options),
    },
  );
  return verdictOn(decision, asked);
}

/**
 * Reads the answer, or throws. It is given to `interrupt` as a schema, because LangGraph then lets the other
 * tasks of the step finish and keeps the interrupt open. Its JSON Schema, which Studio shows, is that of our
 * own form.
 */
function responseSchema({ tool, args, context }: AskedCall, options: AskOptions) {
  const { toolCallId, language } = context;
  const call = { tool: tool.name, args, toolCallId, language };
  return z.preprocess((value) => readDecision(value, call, options), approvalDecision);
}

function verdictOn(decision: ApprovalDecision, asked: AskedCall): ApprovalResult {
  const { tool, args: proposed, context } = asked;
  const { status, reason, digest } = decision;
  const { language } = context;
  if (status !== "approved") {
    const refusal = { status, reason };
    const problem = refusalText(refusal, language);
    const message = (call: AnsweredCall) => refusalMessage(call, refusal);
    return { runs: false, used: usedOf(decision.args ?? proposed, asked), problem, message };
  }
  const args = decision.args === undefined ? proposed : checkArguments(tool.schema, decision.args).data;
  const used = usedOf(args ?? proposed, asked);
  if (args === undefined || (digest !== undefined && digest !== callDigest(tool.name, args))) {
    return { runs: false, used, problem: TEXTS[language].changed, message: changedMessage };
  }
  return { runs: true, used };
}

function usedOf(args: Record<string, unknown>, { tool, args: proposed }: AskedCall): UsedArguments {
  return callDigest(tool.name, args) === callDigest(tool.name, proposed) ? { args } : { args, proposed };
}
