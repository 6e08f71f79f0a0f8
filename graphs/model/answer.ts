import { randomUUID } from "node:crypto";
import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import type { AIMessageChunk, BaseMessage } from "@langchain/core/messages";
import type { Runnable } from "@langchain/core/runnables";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { AnswerLimits } from "../state/limits.ts";
import { modelSignal } from "../state/state.ts";
import { type AnswerListener, answerCollector, type ModelAnswer } from "./answer-collector.ts";
import { toModelError } from "./errors.ts";

/** A model, perhaps with tools bound to it. */
export type Model = Runnable<BaseLanguageModelInput, AIMessageChunk>;

/**
 * The id of the message that a node streams. Derived from its LangGraph task, so that a step that runs again
 * after a crash streams under the same id, and a client can replace what it has; new on a replay or fork.
 */
export function newMessageId(config: LangGraphRunnableConfig): string {
  return `msg_${config.executionInfo?.taskId ?? randomUUID()}`;
}

/**
 * Asks the model and collects its streamed answer. Rejects with ModelError, or with the abort's reason when
 * the run was cancelled or its time is over. We do not use `chunk.concat`: it parses everything again for
 * every delta, and it merges calls that share an id.
 */
export async function ask(
  model: Model,
  messages: BaseMessage[],
  config: LangGraphRunnableConfig,
  listener: AnswerListener,
  limits: AnswerLimits,
): Promise<ModelAnswer> {
  const reading = new AbortController();
  const stops = [config.signal, modelSignal(config)].filter((each) => each !== undefined);
  const signal = AbortSignal.any([...stops, reading.signal]);
  const collector = answerCollector(listener, limits, (error) => reading.abort(error));
  try {
    for (const stop of stops) stop.throwIfAborted();
    for await (const chunk of await model.stream(messages, { ...config, signal })) collector.add(chunk);
  } catch (error) {
    for (const stop of stops) stop.throwIfAborted();
    throw toModelError(error);
  }
  // A model may end its stream quietly when it is aborted.
  for (const stop of stops) stop.throwIfAborted();
  return collector.finish();
}
