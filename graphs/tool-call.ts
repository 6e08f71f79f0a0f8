import type { ToolMessage } from "@langchain/core/messages";
import { interrupt, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { z } from "zod";
import { callDigest } from "../tools/digest.ts";
import type { ToolRegistry } from "../tools/registry.ts";
import type { AuraTool, ToolContext } from "../tools/tool.ts";
import { type ApprovalDecision, type ApprovalRequest, approvalResume } from "./approval.ts";
import { begin, carryOut, type Effect, type EffectLedger, type Outcome } from "./effect.ts";
import type { CallOutcome, GraphEvent, PlanStep } from "./graph-event.ts";
import { receivedTask, type SentTask } from "./sent-task.ts";
import { type ShownCall, showCall } from "./show-call.ts";
import { emitter, identity, type Language, leaseHolder } from "./state.ts";
import { end, start } from "./steps.ts";
import { refusalText, TEXTS } from "./texts.ts";
import {
  changedMessage,
  failureMessage,
  failureText,
  refusalMessage,
  resultMessage,
  tooManyCalls,
  unknownMessage,
  unshowableMessage,
} from "./tool-answer.ts";
import type { UnderWay } from "./under-way.ts";

/** One tool call of a turn, as `Send` hands it to its task. */
export interface ToolTask {
  call: { id: string; name: string; args: Record<string, unknown> };
  language: Language;
  /** The plan's step that the call carries out. */
  step?: PlanStep;
  /** Why the arguments could not be read. */
  malformed?: string;
  /** The message had more calls than `most`; this one stands for all that were dropped, itself among them. */
  excess?: { most: number; dropped: number };
  /**
   * The policy asked for an approval when the call was made. It stays asked for, whatever the policy says by the time of
   * the decision: a call that was rejected must not run because its tool has become harmless meanwhile.
   */
  asks?: boolean;
  /** It asks for an approval, and is more than can be shown to whoever would decide. */
  unshowable?: boolean;
}

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

/**
 * Whether a new call has to be approved before it runs, and whether anybody can be asked. Decided once, and kept with the call: what
 * has been asked, and perhaps done, must not be refused later by another rule.
 */
export function approvalOf(
  task: ToolTask,
  { registry, report }: Pick<ToolOptions, "registry" | "report">,
): Pick<ToolTask, "asks" | "unshowable"> {
  const checked = check(task, registry);
  if (!checked.ok || !needsApproval(checked.tool, checked.args, report)) return {};
  return show(task, checked) === null ? { asks: true, unshowable: true } : { asks: true };
}

function show({ call, language }: ToolTask, { tool, args }: Pick<Effect, "tool" | "args">): ShownCall | null {
  return showCall({ tool, args, toolCallId: call.id, language });
}

type Checked =
  | { ok: true; tool: AuraTool; args: Record<string, unknown> }
  /** `quoted`: what is wrong with arguments in the words of a stranger's schema. */
  | { ok: false; problem: string; forModel: string; quoted?: string };

function check({ call, malformed, excess, language }: ToolTask, registry: ToolRegistry): Checked {
  const say = TEXTS[language];
  if (excess !== undefined) {
    const { most, dropped } = excess;
    return { ok: false, problem: say.tooManyCalls(most, dropped), forModel: tooManyCalls(most, dropped) };
  }
  const tool = registry.get(call.name);
  if (tool === undefined) {
    const reason = registry.whyMissing(call.name, language);
    if (reason !== undefined) {
      const forModel = registry.whyMissing(call.name, "en") ?? reason;
      return { ok: false, problem: reason, forModel };
    }
    const names = registry.tools.map(({ name }) => name).join(", ") || "none";
    return {
      ok: false,
      problem: say.unknownTool(call.name),
      forModel: `${TEXTS.en.unknownTool(call.name)}. Tools: ${names}`,
    };
  }
  const invalid = (problem: string, untrusted: boolean): Checked => ({
    ok: false,
    problem: say.invalidArguments(problem),
    ...(untrusted
      ? { forModel: "The tool's arguments are not valid, and it was not run.", quoted: problem }
      : { forModel: `${TEXTS.en.invalidArguments(problem)}. The tool was not run.` }),
  });
  if (malformed !== undefined) return invalid(malformed, false);
  const parsed = tool.schema.safeParse(call.args);
  if (parsed.success) return { ok: true, tool, args: parsed.data };
  return invalid(z.prettifyError(parsed.error), tool.untrusted === true);
}

/** A policy that breaks must not open the door. */
function needsApproval(
  tool: AuraTool,
  args: Record<string, unknown>,
  report: ToolOptions["report"],
): boolean {
  if (tool.approval === "never") return false;
  if (tool.approval === "always") return true;
  try {
    return tool.approval(args);
  } catch (error) {
    report(error, `approval policy of ${tool.name}`);
    return true;
  }
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
