import type { PlanStep } from "@aura-platform/contract/agent-step.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import type { TokenUsage } from "@aura-platform/contract/runs.ts";
import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { type LangGraphRunnableConfig, Overwrite } from "@langchain/langgraph";
import type { ToolDefinition, ToolRegistry } from "../../tools/registry.ts";
import type { AnswerListener } from "../model/answer-collector.ts";
import { converse } from "../model/converse.ts";
import { OutputLimitError } from "../model/errors.ts";
import type { ModelServer } from "../model/server.ts";
import { languageOfRun } from "../state/language.ts";
import type { GraphLimits } from "../state/limits.ts";
import { planPrompt } from "../state/prompts.ts";
import { emitter, modelSignal, type State, usageOf } from "../state/state.ts";
import { TEXTS } from "../state/texts.ts";
import { parsePlan } from "./parse-plan.ts";

const NO_TOOLS: readonly ToolDefinition[] = Object.freeze([]);

interface PlanOptions {
  servers: readonly ModelServer[];
  registry: ToolRegistry;
  limits: GraphLimits;
  report: (error: unknown, where: string) => void;
}

/** The first node of a run: says what will be done, and resets what belongs to the run before. */
export function planNode(options: PlanOptions) {
  return async (state: State, config: LangGraphRunnableConfig) => {
    const emit = emitter(config);
    const say = TEXTS[languageOfRun(state)];
    emit({ type: "thought", content: say.analysing });
    const { steps, usage, written } = await makePlan(options, state, config, {
      onThought: (content) => emit({ type: "thought", content }),
    });
    emit({ type: "thought", content: say.planned(steps.length) });
    for (const step of steps) emit({ type: "plan_step", step });
    return { steps: new Overwrite(steps), turns: 0, usage: new Overwrite(usage), written, answered: null };
  };
}

interface Planned {
  steps: PlanStep[];
  usage: TokenUsage | null;
  /** Characters that the model has written. */
  written: number;
}

/**
 * Asks for a plan. A run can do without one: whatever goes wrong here, it goes on with one generic step,
 * unless the run itself is over.
 */
async function makePlan(
  { servers, registry, limits, report }: PlanOptions,
  state: State,
  config: LangGraphRunnableConfig,
  listener: AnswerListener,
): Promise<Planned> {
  // Without tools: the planner must not act.
  const tools = NO_TOOLS;
  const language = languageOfRun(state);
  const system = planPrompt({ context: state.context, language }, registry);
  const question = { system, messages: conversation(state.messages), tools };
  // Keeps the plan's JSON out of Studio's chat.
  const quiet = { ...config, tags: [...(config.tags ?? []), "nostream"] };
  const planned: Planned = { steps: [genericStep(language)], usage: null, written: 0 };
  try {
    const answer = await converse(servers, question, quiet, listener, limits);
    planned.usage = usageOf(answer.usage);
    planned.written = answer.written;
    planned.steps = parsePlan(answer.text, registry);
  } catch (error) {
    config.signal?.throwIfAborted();
    modelSignal(config)?.throwIfAborted();
    if (error instanceof OutputLimitError) throw error;
    report(error, "plan");
  }
  return planned;
}

/**
 * Only what people and the agent said, alternating: without bound tools many servers refuse a history that
 * has tool calls in it, and some chat templates refuse two messages of one role in a row.
 */
function conversation(messages: readonly BaseMessage[]): BaseMessage[] {
  const spoken = messages.filter(
    (message) =>
      (HumanMessage.isInstance(message) || AIMessage.isInstance(message)) && message.text.trim() !== "",
  );
  const last = spoken.filter((message, at) => message.type !== spoken[at + 1]?.type);
  return last.map((message) => (AIMessage.isInstance(message) ? new AIMessage(message.text) : message));
}

function genericStep(language: Language): PlanStep {
  return { id: "step-1", ...TEXTS[language].genericStep, status: "pending", confidence: 0.5 };
}
