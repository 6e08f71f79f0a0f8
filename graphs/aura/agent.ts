import type { PlanStep } from "@aura-platform/contract/agent-step.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import { AIMessage } from "@langchain/core/messages";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { ToolRegistry } from "../../tools/registry.ts";
import { newMessageId } from "../model/answer.ts";
import { type ConverseListener, converse, type ServedAnswer } from "../model/converse.ts";
import { savedAnswer } from "../model/saved-answer.ts";
import type { ModelServer } from "../model/server.ts";
import type { GraphEvent } from "../state/graph-event.ts";
import { languageOfRun } from "../state/language.ts";
import type { GraphLimits } from "../state/limits.ts";
import { agentPrompt } from "../state/prompts.ts";
import { emitter, mergeSteps, type State, usageOf } from "../state/state.ts";
import { TEXTS } from "../state/texts.ts";
import { hasOpenCalls } from "./route.ts";
import { assignSteps, nextOwnStep, passedSteps, startStep } from "./steps.ts";

interface AgentOptions {
  /** The first one is asked; each other one when all before it have failed. */
  servers: readonly ModelServer[];
  /** The tools that there are at each turn. */
  registry: ToolRegistry;
  limits: GraphLimits;
  /** The graph returns to this node between two calls of a turn as well: see routeTo. */
  oneAtATime: boolean;
  report: (error: unknown, where: string) => void;
}

/** One turn: asks the model, streams its words, and leaves its tool calls in the message. */
export function agentNode({ servers, registry, limits, oneAtATime, report }: AgentOptions) {
  return async (state: State, config: LangGraphRunnableConfig) => {
    if (oneAtATime && hasOpenCalls(state)) return {};
    const emit = emitter(config);
    if (state.turns >= limits.maxTurns) return stopAtLimit(state, newMessageId(config), emit, limits);
    const language = languageOfRun(state);
    const own = nextOwnStep(state.steps);
    const begun = own ? [startStep(own)] : [];
    emitSteps(begun, emit);
    const id = newMessageId(config);
    const say = (content: string) => emit({ type: "content", messageId: id, content });
    const answer = await converse(
      servers,
      {
        system: agentPrompt({ context: state.context, language }),
        messages: state.messages,
        tools: registry.definitions,
        isOwn: registry.isOwn,
      },
      config,
      { onText: say, ...tellingOf({ registry, report }, emit, language) },
      { maxCalls: limits.maxCalls, maxOutput: limits.maxOutput - state.written },
    );
    const remark = remarkOn(answer, language);
    if (remark !== "") say(remark);
    const message = savedAnswer(id, { ...answer, text: answer.text + remark }, state.messages);
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
      answered: answeredBy(answer),
    };
  };
}

/** Turns what happens while a model is asked into thoughts, lines of the log and tools that are left out. */
function tellingOf(
  { registry, report }: Pick<AgentOptions, "registry" | "report">,
  emit: (event: GraphEvent) => void,
  language: Language,
): ConverseListener {
  return {
    onThought: (content) => emit({ type: "thought", content }),
    onFallback: (error) => report(error, "model"),
    onToolsRefused(names, isFound) {
      report(new Error(refusedTools(names, isFound)), "tools");
      if (isFound) for (const name of names) registry.leaveOut(name, "the model server refuses it");
      emit({ type: "thought", content: TEXTS[language].toolsRefused(names) });
    },
  };
}

/** For the log. */
function refusedTools(names: readonly string[], isFound: boolean): string {
  const list = names.slice(0, 20).join(", ");
  return isFound
    ? `the model server refuses these tools, which it is not offered any more: ${list}`
    : `the model server refused a request that it took without these tools: ${list}`;
}

/**
 * What is added for the user to an answer that is not complete. An answer with calls needs nothing: what
 * becomes of them is reported for each call.
 */
function remarkOn({ text, calls, ending }: ServedAnswer, language: Language): string {
  if (calls.length > 0) return "";
  const said = text.trim() !== "";
  if (ending === undefined) return said ? "" : TEXTS[language].noAnswer;
  return `${said ? "\n\n" : ""}${TEXTS[language].endings[ending]}`;
}

function answeredBy({ server, ending }: ServedAnswer) {
  return { model: server.name, ...(ending === undefined ? {} : { ending }) };
}

function stopAtLimit(state: State, id: string, emit: (event: GraphEvent) => void, { maxTurns }: GraphLimits) {
  const content = TEXTS[languageOfRun(state)].turnLimit(maxTurns);
  emit({ type: "content", messageId: id, content });
  // One more than the limit is how the finish node knows.
  return { messages: [new AIMessage({ id, content })], steps: [], turns: maxTurns + 1 };
}

function emitSteps(steps: readonly PlanStep[], emit: (event: GraphEvent) => void): void {
  for (const step of steps) emit({ type: "plan_step", step });
}
