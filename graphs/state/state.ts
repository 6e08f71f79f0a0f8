import { type PlanStep, planStep } from "@aura-platform/contract/agent-step.ts";
import { type Language, language } from "@aura-platform/contract/languages.ts";
import { loose } from "@aura-platform/contract/reading.ts";
import { answered, type TokenUsage, tokenUsage } from "@aura-platform/contract/runs.ts";
import { HumanMessage, type UsageMetadata } from "@langchain/core/messages";
import { type LangGraphRunnableConfig, MessagesValue, ReducedValue, StateSchema } from "@langchain/langgraph";
import { z } from "zod";
import type { GraphEvent } from "./graph-event.ts";

// A newer version may have written a thread's state: unknown fields are kept.
export const savedSteps = z.array(loose(planStep));
export const savedUsage = loose(tokenUsage).nullable();
export const savedAnswered = loose(answered).nullable();
export const savedLanguage = language.nullable();

/**
 * A thread's state. It outlives runs; `steps`, `turns`, `usage`, `written` and `answered` belong to the
 * current run and start anew in plan. A StateSchema, because Studio shows and checks a typed state by it.
 */
export const AuraState = new StateSchema({
  messages: MessagesValue,
  /** Updates replace the steps with the same ids. */
  steps: new ReducedValue(
    savedSteps.default(() => []),
    { reducer: mergeSteps },
  ),
  turns: z.int().min(0).default(0).describe("How often the model has been asked in this run"),
  /** Updates are added up; null while the model has told nothing. */
  usage: new ReducedValue(savedUsage.default(null), { reducer: addUsage }),
  written: z.int().min(0).default(0).describe("Characters that the model has written in this run"),
  answered: savedAnswered.default(null),
  context: z
    .record(z.string(), z.unknown())
    .default(() => ({}))
    .describe("What the client says about itself (activeApp, path ...). Data, never instructions"),
  /**
   * Forms that are left empty send null or an empty text. There is no default: a checkpoint before the first
   * input has no language. Read it through `languageOfRun`.
   */
  language: z
    .preprocess((given) => (given === "" ? null : given), savedLanguage)
    .describe("Of what is said to the user. Left empty, it is the prompt's"),
});

export type State = typeof AuraState.State;

interface Prompt {
  prompt: string;
  context: Record<string, unknown>;
  language: Language;
  /** Becomes the message's id, so that the same input given twice is in the history once. */
  runId?: string;
}

/** The input that starts a run on a new or an existing thread. */
export function runInput({ prompt, context, language, runId }: Prompt) {
  // Half a character would be refused by model servers with every later prompt too.
  const content = prompt.toWellFormed();
  const message = new HumanMessage({ content, ...(runId === undefined ? {} : { id: runId }) });
  return { messages: [message], context, language };
}

/** The thread and the owner of a run, from `config.configurable`; Studio sends no tenant and no user. */
export function identity(config: LangGraphRunnableConfig) {
  const read = (key: string) => {
    const value: unknown = config.configurable?.[key];
    return typeof value === "string" && value !== "" ? value : "local";
  };
  return { threadId: read("thread_id"), tenantId: read("tenantId"), userId: read("userId") };
}

/**
 * The holder of the lease under which the run is executed, from `config.configurable`; Studio has no leases.
 */
export function leaseHolder(config: LangGraphRunnableConfig): string | undefined {
  const holder: unknown = config.configurable?.leaseHolder;
  return typeof holder === "string" ? holder : undefined;
}

/**
 * Aborts the reading of models and nothing else, from `config.configurable`: a run whose time is over must
 * not be cut off in the middle of an effect.
 */
export function modelSignal(config: LangGraphRunnableConfig): AbortSignal | undefined {
  const signal: unknown = config.configurable?.modelSignal;
  return signal instanceof AbortSignal ? signal : undefined;
}

/** Writes GraphEvents to the custom stream. */
export function emitter(config: LangGraphRunnableConfig): (event: GraphEvent) => void {
  return (event) => config.writer?.(event);
}

/** Replaces steps by id and keeps the order of the plan. */
export function mergeSteps(current: readonly PlanStep[], updates: readonly PlanStep[]): PlanStep[] {
  const merged = new Map(current.map((step) => [step.id, step]));
  for (const step of updates) merged.set(step.id, step);
  return [...merged.values()];
}

/** What two answers have cost together. */
function addUsage(first: TokenUsage | null, second: TokenUsage | null): TokenUsage | null {
  if (first === null || second === null) return first ?? second;
  return {
    inputTokens: first.inputTokens + second.inputTokens,
    outputTokens: first.outputTokens + second.outputTokens,
    totalTokens: first.totalTokens + second.totalTokens,
  };
}

/** LangChain's count of one answer, as the state keeps it. */
export function usageOf(told: UsageMetadata | undefined): TokenUsage | null {
  if (told === undefined) return null;
  const { input_tokens: inputTokens, output_tokens: outputTokens, total_tokens: totalTokens } = told;
  return { inputTokens, outputTokens, totalTokens };
}
