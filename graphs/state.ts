import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { Annotation, type LangGraphRunnableConfig, messagesStateReducer } from "@langchain/langgraph";
import type { GraphEvent, PlanStep } from "./graph-event.ts";

export type Language = "ko" | "en";

/** A thread's state. It outlives runs; `steps` and `turns` belong to the current run and start anew in plan. */
export const AuraState = Annotation.Root({
  messages: Annotation<BaseMessage[], BaseMessage | BaseMessage[]>({
    reducer: messagesStateReducer,
    default: () => [],
  }),
  /** Updates replace the steps with the same ids. */
  steps: Annotation<PlanStep[]>({ reducer: mergeSteps, default: () => [] }),
  /** How often the model has been asked in this run. */
  turns: Annotation<number>({ reducer: (_, next) => next, default: () => 0 }),
  /** What the client says about itself (activeApp, path ...). Data, never instructions. */
  context: Annotation<Record<string, unknown>>({ reducer: (_, next) => next, default: () => ({}) }),
  language: Annotation<Language>({ reducer: (_, next) => next, default: () => "ko" }),
});

export type State = typeof AuraState.State;

export interface Prompt {
  prompt: string;
  context: Record<string, unknown>;
  language: Language;
  /** Becomes the message's id, so that giving the same input twice puts it into the history once. */
  runId?: string;
}

/** The input that starts a run on a new or an existing thread. */
export function runInput({ prompt, context, language, runId }: Prompt) {
  const message = new HumanMessage({ content: prompt, ...(runId === undefined ? {} : { id: runId }) });
  return { messages: [message], context, language };
}

/** Whom a run belongs to, from `config.configurable`; Studio sends no tenant and no user. */
export function identity(config: LangGraphRunnableConfig) {
  const read = (key: string) => {
    const value: unknown = config.configurable?.[key];
    return typeof value === "string" && value !== "" ? value : "local";
  };
  return { threadId: read("thread_id"), tenantId: read("tenantId"), userId: read("userId") };
}

/** Under whose lease the run is executed, from `config.configurable`; Studio has no leases. */
export function leaseHolder(config: LangGraphRunnableConfig): string | undefined {
  const holder: unknown = config.configurable?.leaseHolder;
  return typeof holder === "string" ? holder : undefined;
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
