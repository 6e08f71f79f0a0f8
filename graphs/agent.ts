import { randomUUID } from "node:crypto";
import { AIMessage, type BaseMessage, type InvalidToolCall, type ToolCall } from "@langchain/core/messages";
import type { LangGraphRunnableConfig, Send } from "@langchain/langgraph";
import { type Answer, ask, type Model, newMessageId } from "./answer.ts";
import type { GraphEvent, PlanStep } from "./graph-event.ts";
import { modelInput } from "./history.ts";
import type { GraphLimits } from "./limits.ts";
import { agentPrompt } from "./prompts.ts";
import { type SentTask, sendTask } from "./sent-task.ts";
import { emitter, mergeSteps, type State, usageOf } from "./state.ts";
import { assignSteps, nextOwnStep, passedSteps, start } from "./steps.ts";
import { TEXTS } from "./texts.ts";
import type { RequestedCall } from "./tool-call-stream.ts";
import { approvalOf, type CheckOptions, type ToolTask } from "./tool-task.ts";

/** Of malformed arguments, this much is kept and shown. */
const MAX_MALFORMED = 1_000;

export interface AgentOptions {
  /** The model with the tools bound that there are at this turn. */
  model: () => Model;
  maxInputTokens: number;
  limits: GraphLimits;
}

/** One turn: asks the model, streams its words, and leaves its tool calls in the message. */
export function agentNode({ model, maxInputTokens, limits }: AgentOptions) {
  return async (state: State, config: LangGraphRunnableConfig) => {
    const emit = emitter(config);
    if (state.turns >= limits.maxTurns) return stopAtLimit(state, newMessageId(config), emit, limits);
    const own = nextOwnStep(state.steps);
    const begun = own ? [start(own)] : [];
    emitSteps(begun, emit);
    const id = newMessageId(config);
    const say = (content: string) => emit({ type: "content", messageId: id, content });
    const answer = await ask(
      model(),
      modelInput(agentPrompt(state), state.messages, maxInputTokens),
      config,
      {
        onText: say,
        onThought: (content) => emit({ type: "thought", content }),
      },
      { maxCalls: limits.maxCalls, maxOutput: limits.maxOutput - state.written },
    );
    if (answer.text.trim() === "" && answer.calls.length === 0) {
      answer.text = TEXTS[state.language].noAnswer;
      say(answer.text);
    }
    const message = toMessage(id, answer, state.messages);
    const passed = passedSteps(
      mergeSteps(state.steps, begun),
      assignSteps(message.tool_calls ?? [], state.steps),
    );
    emitSteps(passed, emit);
    return {
      messages: [message],
      steps: mergeSteps(begun, passed),
      turns: state.turns + 1,
      usage: usageOf(answer.usage),
      written: state.written + answer.written,
    };
  };
}

/** After a turn: one task per tool call, or the end. */
export function routeTo(options: CheckOptions, { maxCalls }: GraphLimits) {
  return (state: State): "finish" | Send<"tools", SentTask>[] => {
    const message = state.messages.at(-1);
    if (!AIMessage.isInstance(message) || !message.tool_calls?.length) return "finish";
    const steps = assignSteps(message.tool_calls, state.steps);
    const invalid = new Map(message.invalid_tool_calls?.map((call) => [call.id, call]));
    return message.tool_calls.map(({ id = "", name, args }, at) => {
      const malformed = invalid.get(id);
      const step = steps[at];
      const task: ToolTask = {
        call: { id, name, args },
        language: state.language,
        ...(step === undefined ? {} : { step }),
        ...(malformed === undefined ? {} : { malformed: `${malformed.error}: ${malformed.args}` }),
        ...(at < maxCalls ? {} : { excess: { most: maxCalls, dropped: droppedOf(message) } }),
      };
      return sendTask({ ...task, ...approvalOf(task, options) });
    });
  };
}

function stopAtLimit(state: State, id: string, emit: (event: GraphEvent) => void, { maxTurns }: GraphLimits) {
  const content = TEXTS[state.language].turnLimit(maxTurns);
  emit({ type: "content", messageId: id, content });
  // One more than the limit: how finish knows.
  return { messages: [new AIMessage({ id, content })], steps: [], turns: maxTurns + 1 };
}

function emitSteps(steps: readonly PlanStep[], emit: (event: GraphEvent) => void): void {
  for (const step of steps) emit({ type: "plan_step", step });
}

/**
 * The message for the history. Malformed calls stay in it with empty arguments, because servers refuse a
 * history whose arguments are not JSON; `invalid_tool_calls` keeps what the model wrote.
 */
function toMessage(id: string, { text, calls, usage }: Answer, history: readonly BaseMessage[]): AIMessage {
  const distinct = withDistinctIds(calls, history);
  const dropped = distinct.at(-1)?.dropped;
  const fields = {
    id,
    content: text,
    tool_calls: distinct.map(({ id, name, args }): ToolCall => ({ type: "tool_call", id, name, args })),
    invalid_tool_calls: distinct.flatMap(({ id, name, malformed }): InvalidToolCall[] => {
      if (malformed === undefined) return [];
      const args = malformed.text.slice(0, MAX_MALFORMED);
      return [{ type: "invalid_tool_call", id, name, args, error: malformed.problem }];
    }),
    ...(dropped === undefined ? {} : { additional_kwargs: { [DROPPED]: dropped } }),
  };
  // LangChain's types allow no usage here (they infer `undefined`), though its messages carry it.
  if (usage !== undefined) Object.assign(fields, { usage_metadata: usage });
  return new AIMessage(fields);
}

/** How many calls of a message its last one stands for. */
const DROPPED = "dropped_calls";

/** 1 where the message does not say: a saved thread that was edited or came from elsewhere. */
function droppedOf(message: AIMessage): number {
  const dropped: unknown = message.additional_kwargs[DROPPED];
  return typeof dropped === "number" ? dropped : 1;
}

/** Some servers number calls anew in every turn (`call_0`), or send no id: results need to find their call. */
function withDistinctIds(calls: readonly RequestedCall[], history: readonly BaseMessage[]): RequestedCall[] {
  const used = new Set(
    history
      .flatMap((message) => (AIMessage.isInstance(message) ? (message.tool_calls ?? []) : []))
      .map(({ id }) => id),
  );
  return calls.map((call) => {
    const id = call.id === "" || used.has(call.id) ? `call_${randomUUID().replaceAll("-", "")}` : call.id;
    used.add(id);
    return { ...call, id };
  });
}
