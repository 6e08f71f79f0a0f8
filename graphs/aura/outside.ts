import type { PlanStep } from "@aura-platform/contract/agent-step.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import { AIMessage, type ToolMessage } from "@langchain/core/messages";
import { z } from "zod";
import { savedSteps } from "../state/state.ts";
import { type Refusal, refusalText, TEXTS } from "../state/texts.ts";
import {
  type AnsweredCall,
  errorMessage,
  refusalMessage,
  resultMessage,
  unknownMessage,
} from "../state/tool-answer.ts";
import type { AuraGraph } from "./build.ts";
import { NODES } from "./nodes.ts";
import { assignSteps, endStep } from "./steps.ts";

// What the service reads of a thread's state, and puts into it, when a run is brought to its end from
// outside.

/** A tool call of the last turn that its task has not answered. */
interface OpenCall {
  /** LangGraph task id. */
  taskId: string;
  toolCallId: string;
  tool: string;
  /** Those that are used. */
  args: Record<string, unknown>;
  /** What the model had asked for, where a person has changed it. */
  proposed?: Record<string, unknown>;
  /** The plan's step that it carries out. */
  step?: PlanStep;
}

/** The last thing that is reported of a tool call. */
type LastWord =
  | { outcome: "completed"; result: unknown }
  | { outcome: "failed"; problem: string }
  | { outcome: "unknown"; problem?: string }
  | { outcome: "not_executed"; status: Refusal | "stopped"; reason?: string }
  /** It was reported already, in these words. */
  | { outcome: "not_executed"; problem: string };

/** A stopped graph. */
interface State {
  values: { messages?: readonly unknown[]; steps?: unknown };
  tasks: readonly { id: string; name: string; path?: readonly unknown[]; result?: unknown }[];
}

/**
 * The calls whose tasks have not ended. The path of a task that a `Send` has made holds the place of its
 * call.
 */
export function openCalls({ values, tasks }: State): OpenCall[] {
  const message = values.messages?.findLast((each) => AIMessage.isInstance(each));
  const calls = AIMessage.isInstance(message) ? (message.tool_calls ?? []) : [];
  const assigned = assignSteps(calls, stepsBefore({ values, tasks }));
  return tasks.flatMap(({ id: taskId, name, path, result }) => {
    const at = name === NODES.tools && result === undefined ? Number(path?.[1]) : Number.NaN;
    const call = calls[at];
    if (call === undefined) return [];
    const step = assigned[at];
    const { id: toolCallId = "", name: tool, args } = call;
    return [{ taskId, toolCallId, tool, args, ...(step === undefined ? {} : { step }) }];
  });
}

/** Whether calls have ended whose answers are not in the history yet: the next prompt would drop them. */
export function hasUnappliedAnswers({ tasks }: Pick<State, "tasks">): boolean {
  return tasks.some(({ name, result }) => name === NODES.tools && result !== undefined);
}

const withSteps = z.object({ steps: savedSteps });

/**
 * The plan as it was when the calls got their steps. LangGraph shows it with the changes of those calls of
 * the turn that have ended.
 */
function stepsBefore({ values, tasks }: State): PlanStep[] {
  const changed = tasks.flatMap(({ result }) => withSteps.safeParse(result).data?.steps ?? []);
  const ids = new Set(changed.map(({ id }) => id));
  const shown = savedSteps.catch([]).parse(values.steps);
  return shown.map((step) => (ids.has(step.id) ? { ...step, status: "pending" } : step));
}

/**
 * What is written about the end of a call: a message for the history, which would be invalid without an
 * answer to the call, the outcome for the user, and the step for the plan.
 */
export function closing(call: Omit<OpenCall, "taskId">, word: LastWord, language: Language) {
  const { toolCallId: id, tool, args, proposed } = call;
  const name = { id, name: tool, ...(proposed === undefined ? {} : { edited: args }) };
  const { outcome } = word;
  if (outcome === "completed") {
    // Whether its tool is trusted is not known here: the result is marked as data in any case.
    const step = call.step && endStep(call.step, "completed", JSON.stringify(word.result));
    const told = { status: "completed" as const, result: word.result, outcome };
    return { message: resultMessage(name, word.result, true), told, ...(step && { step }) };
  }
  const text = textOf(call.tool, word, language);
  const step = call.step && endStep(call.step, "failed", text);
  const told = { status: "failed" as const, result: text, outcome };
  return { message: messageOf(name, word), told, ...(step && { step }) };
}

function textOf(tool: string, word: Exclude<LastWord, { outcome: "completed" }>, language: Language): string {
  if ("problem" in word && word.problem !== undefined) return word.problem;
  if (word.outcome === "not_executed" && "status" in word) {
    const { status, reason } = word;
    return status === "stopped" ? TEXTS[language].notBegun : refusalText({ status, reason }, language);
  }
  return TEXTS[language].outcomeUnknown(tool);
}

function messageOf(call: AnsweredCall, word: Exclude<LastWord, { outcome: "completed" }>): ToolMessage {
  if ("status" in word) return refusalMessage(call, word);
  if (word.problem === undefined) return unknownMessage(call);
  return errorMessage(call, word.problem, word.outcome !== "not_executed");
}

type Updatable = Pick<AuraGraph, "updateState">;
type Thread = Parameters<AuraGraph["updateState"]>[0];

/** Puts the last words of calls into the history as their answers, with those that wait to be applied. */
export async function answerCalls(
  graph: Updatable,
  thread: Thread,
  closings: readonly { message: unknown; step?: unknown }[],
): Promise<void> {
  const messages = closings.map(({ message }) => message);
  await graph.updateState(
    thread,
    { messages, steps: closings.flatMap(({ step }) => step ?? []) },
    NODES.tools,
  );
}

/** Puts what the agent had said when it was cut off into the history, as its answer. */
export async function keepPartialAnswer(
  graph: Updatable,
  thread: Thread,
  { messageId, text }: { messageId: string; text: string },
): Promise<void> {
  const message = new AIMessage({ id: messageId, content: text });
  await graph.updateState(thread, { messages: [message] }, NODES.agent);
}
