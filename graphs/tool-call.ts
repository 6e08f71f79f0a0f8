import type { ToolMessage } from "@langchain/core/messages";
import { interrupt, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { callDigest } from "../tools/digest.ts";
import type { ToolRegistry } from "../tools/registry.ts";
import type { AuraTool, ToolContext } from "../tools/tool.ts";
import { type ApprovalDecision, type ApprovalRequest, approvalResume } from "./approval.ts";
import { begin, carryOut, type Effect, type EffectLedger, type Outcome } from "./effect.ts";
import type { CallOutcome, GraphEvent, PlanStep } from "./graph-event.ts";
import { receivedTask, type SentTask } from "./sent-task.ts";
import type { ShownCall } from "./show-call.ts";
import { emitter, identity, leaseHolder } from "./state.ts";
import { end, start } from "./steps.ts";
import { refusalText, TEXTS } from "./texts.ts";
import {
  changedMessage,
  failureMessage,
  failureText,
  refusalMessage,
  resultMessage,
  unknownMessage,
  unshowableMessage,
} from "./tool-answer.ts";
import { check, needsApproval, show, type ToolTask } from "./tool-task.ts";
import type { UnderWay } from "./under-way.ts";

export interface ToolOptions {
  registry: ToolRegistry;
  ledger: EffectLedger;
  underWay: UnderWay;
  report: (error: unknown, where: string) => void;
}

interface Update {
  messages: ToolMessage[];
  steps: PlanStep[];
}

/**
 * One tool call: check, approval, effect. LangGraph runs this from its start again when the approval
 * comes, so nothing may be emitted or done before `interrupt` has returned. It may also run it again after a crash: the
 * ledger then says what has been done.
 */
export function toolNode({ registry, ledger, underWay, report }: ToolOptions) {
  return async (sent: SentTask | ToolTask, config: LangGraphRunnableConfig): Promise<Update> => {
    const task = receivedTask(sent);
    const wire = reporter(task, config);
    const checked = check(task, registry);
    if (!checked.ok) {
      const { forModel, quoted } = checked;
      const told = { problem: forModel, ...(quoted === undefined ? {} : { quoted }) };
      const message = failureMessage(task.call, told);
      return wire.refused(checked.problem, message, task.call.args);
    }
    const { tool, args } = checked;
    const context = toolContext(task, config);
    if (task.asks === true || needsApproval(tool, args, report)) {
      const shown = show(task, checked);
      if (shown === null && (task.unshowable === true || task.asks !== true)) {
        return wire.refused(TEXTS[task.language].tooLargeToShow, unshowableMessage(task.call), args);
      }
      const decision = askApproval(tool, args, context, shown);
      if (decision.status !== "approved") {
        const refusal = { status: decision.status, reason: decision.reason };
        return wire.refused(refusalText(refusal, task.language), refusalMessage(task.call, refusal), args);
      }
      if (decision.digest !== undefined && decision.digest !== callDigest(tool.name, args)) {
        return wire.refused(TEXTS[task.language].changed, changedMessage(task.call), args);
      }
    }
    const effect = { tool, args, context, ledger, leaseHolder: leaseHolder(config), report };
    const outcome = await underWay.track(
      context.threadId,
      takeEffect(effect, () => wire.executing(args)),
    );
    if (outcome === "unknown") {
      const text = TEXTS[task.language].outcomeUnknown(tool.name);
      return wire.failed(text, unknownMessage(task.call), args, "unknown");
    }
    if (outcome.ok)
      return wire.completed(outcome.result, resultMessage(task.call, outcome.result, tool.untrusted), args);
    const message = failureMessage(task.call, outcome, tool.untrusted);
    return wire.failed(failureText(outcome), message, args, outcome.uncertain ? "unknown" : "failed");
  };
}

async function takeEffect(effect: Effect, executing: () => void): Promise<Outcome | "unknown"> {
  const begun = await begin(effect);
  if (begun === "unknown") return begun;
  executing();
  return begun === "run" ? carryOut(effect) : begun;
}

/** Suspends the task until somebody has decided; on resume it returns the decision. */
function askApproval(
  tool: AuraTool,
  args: Record<string, unknown>,
  context: ToolContext,
  shown: ShownCall | null,
): ApprovalDecision {
  const request: ApprovalRequest = {
    kind: "approval",
    taskId: context.taskId,
    toolCallId: context.toolCallId,
    actionType: tool.name,
    context: args,
    digest: callDigest(tool.name, args),
    // A call of an older version that did not look: its event shows nothing of what does not fit.
    ...(shown ?? { message: tool.approvalMessage(args, context.language) }),
  };
  return interrupt<ApprovalRequest, ApprovalDecision>(request, { responseSchema: approvalResume });
}

function toolContext({ call, language }: ToolTask, config: LangGraphRunnableConfig): ToolContext {
  const taskId = config.executionInfo?.taskId;
  if (taskId === undefined)
    throw new Error("a tool call runs as a LangGraph task, and this one has no task id");
  return {
    ...identity(config),
    taskId,
    toolCallId: call.id,
    language,
    signal: config.signal ?? new AbortController().signal,
  };
}

/** The events of one call and the state update that agrees with them. */
function reporter({ call, step }: ToolTask, config: LangGraphRunnableConfig) {
  const emit = emitter(config);
  let current = step;
  const event = (
    status: "executing" | "completed" | "failed",
    parameters: Record<string, unknown>,
    result: unknown,
    outcome?: CallOutcome,
  ): GraphEvent => ({
    type: "tool_execution",
    tool: call.name,
    toolCallId: call.id,
    parameters,
    status,
    result,
    ...(outcome === undefined ? {} : { outcome }),
  });
  const move = (next: PlanStep | undefined): PlanStep[] => {
    current = next;
    if (next === undefined) return [];
    emit({ type: "plan_step", step: next });
    return [next];
  };
  const close = (status: "completed" | "failed", text: string | undefined) =>
    move(current && end(current, status, text));
  const failed = (
    problem: string,
    message: ToolMessage,
    parameters: Record<string, unknown>,
    outcome: CallOutcome,
  ): Update => {
    emit(event("failed", parameters, problem, outcome));
    return { messages: [message], steps: close("failed", problem) };
  };
  return {
    executing(parameters: Record<string, unknown>): void {
      move(current && start(current));
      emit(event("executing", parameters, null));
    },
    completed(result: unknown, message: ToolMessage, parameters: Record<string, unknown>): Update {
      emit(event("completed", parameters, result, "completed"));
      return { messages: [message], steps: close("completed", JSON.stringify(result)) };
    },
    failed,
    /** It has not been run. */
    refused: (problem: string, message: ToolMessage, parameters: Record<string, unknown>) =>
      failed(problem, message, parameters, "not_executed"),
  };
}
