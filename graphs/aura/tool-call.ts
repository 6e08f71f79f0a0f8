import type { PlanStep } from "@aura-platform/contract/agent-step.ts";
import type { CallOutcome, CallStatus } from "@aura-platform/contract/tool-calls.ts";
import type { ToolMessage } from "@langchain/core/messages";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { AuraTool, ToolContext } from "../../tools/tool.ts";
import type { GraphEvent } from "../state/graph-event.ts";
import { emitter, identity, leaseHolder } from "../state/state.ts";
import { TEXTS } from "../state/texts.ts";
import {
  type AnsweredCall,
  failureMessage,
  failureText,
  resultMessage,
  unknownMessage,
  unshowableMessage,
} from "../state/tool-answer.ts";
import { type AskOptions, askApproval, type UsedArguments } from "./ask.ts";
import { beginOnce, carryOut, type Effect, type Outcome } from "./effect.ts";
import type { EffectLedger } from "./effect-ledger.ts";
import { receivedTask, type SentTask } from "./sent-task.ts";
import { endStep, startStep } from "./steps.ts";
import { checkTask, needsApproval, showTask, type ToolTask } from "./tool-task.ts";
import type { UnderWay } from "./under-way.ts";

interface ToolOptions extends AskOptions {
  ledger: EffectLedger;
  underWay: UnderWay;
}

interface Update {
  messages: ToolMessage[];
  steps: PlanStep[];
}

/**
 * One tool call: check, approval, effect. LangGraph runs this from its start again when the approval comes,
 * so nothing may be emitted or done before `interrupt` has returned. After a crash it may also run again:
 * then the ledger says what has been done.
 */
export function toolNode(options: ToolOptions) {
  const { registry, ledger, underWay, report } = options;
  return async (sent: SentTask | ToolTask, config: LangGraphRunnableConfig): Promise<Update> => {
    const task = receivedTask(sent);
    const wire = reporter(task, config);
    const checked = checkTask(task, registry);
    if (!checked.ok) {
      const { forModel, quoted } = checked;
      const told = { problem: forModel, ...(quoted === undefined ? {} : { quoted }) };
      const message = failureMessage(task.call, told);
      return wire.refused(checked.problem, message, { args: task.call.args });
    }
    const { tool, args } = checked;
    const context = toolContext(task, config);
    let used: UsedArguments = { args };
    if (task.asks === true || needsApproval(tool, args, report)) {
      const shown = showTask(task, checked);
      if (shown === null && (task.unshowable === true || task.asks !== true)) {
        return wire.refused(TEXTS[task.language].tooLargeToShow, unshowableMessage(task.call), used);
      }
      const verdict = askApproval({ tool, args, context, shown }, options);
      used = verdict.used;
      if (!verdict.runs) {
        return wire.refused(verdict.problem, verdict.message(answeredCall(task, used)), used);
      }
    }
    const effect = { tool, args: used.args, context, ledger, leaseHolder: leaseHolder(config), report };
    const outcome = await underWay.track(
      context.threadId,
      takeEffect(effect, () => wire.executing(used)),
    );
    return wire.ended(outcome, used, tool);
  };
}

function answeredCall({ call: { id, name } }: ToolTask, { args, proposed }: UsedArguments): AnsweredCall {
  return proposed === undefined ? { id, name } : { id, name, edited: args };
}

async function takeEffect(effect: Effect, executing: () => void): Promise<Outcome | "unknown"> {
  const begun = await beginOnce(effect);
  if (begun === "unknown") return begun;
  executing();
  return begun === "run" ? carryOut(effect) : begun;
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
function reporter(task: ToolTask, config: LangGraphRunnableConfig) {
  const { call, step, language } = task;
  const emit = emitter(config);
  let current = step;
  const event = (
    status: CallStatus,
    used: UsedArguments,
    result: unknown,
    outcome?: CallOutcome,
  ): GraphEvent => ({
    type: "tool_execution",
    tool: call.name,
    toolCallId: call.id,
    parameters: used.args,
    ...(used.proposed === undefined ? {} : { proposed: used.proposed }),
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
    move(current && endStep(current, status, text));
  const failed = (
    problem: string,
    message: ToolMessage,
    used: UsedArguments,
    outcome: CallOutcome,
  ): Update => {
    emit(event("failed", used, problem, outcome));
    return { messages: [message], steps: close("failed", problem) };
  };
  return {
    executing(used: UsedArguments): void {
      move(current && startStep(current));
      emit(event("executing", used, null));
    },
    /** What came of running it. */
    ended(outcome: Outcome | "unknown", used: UsedArguments, { name, untrusted }: AuraTool): Update {
      const answered = answeredCall(task, used);
      if (outcome === "unknown") {
        return failed(TEXTS[language].outcomeUnknown(name), unknownMessage(answered), used, "unknown");
      }
      if (!outcome.ok) {
        const message = failureMessage(answered, outcome, untrusted);
        return failed(failureText(outcome), message, used, outcome.uncertain ? "unknown" : "failed");
      }
      const { result } = outcome;
      emit(event("completed", used, result, "completed"));
      const message = resultMessage(answered, result, untrusted);
      return { messages: [message], steps: close("completed", JSON.stringify(result)) };
    },
    /** It has not been run. */
    refused: (problem: string, message: ToolMessage, used: UsedArguments) =>
      failed(problem, message, used, "not_executed"),
  };
}
