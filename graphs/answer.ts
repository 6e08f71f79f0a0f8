import { randomUUID } from "node:crypto";
import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import type { AIMessageChunk, BaseMessage, UsageMetadata } from "@langchain/core/messages";
import type { Runnable } from "@langchain/core/runnables";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { AnswerLimits } from "./limits.ts";
import { OutputLimitError, toModelError } from "./model-errors.ts";
import { modelSignal } from "./state.ts";
import { thoughtBuffer } from "./thoughts.ts";
import { type CallFragment, type RequestedCall, toolCallCollector } from "./tool-call-stream.ts";

/** A model, perhaps with tools bound to it. */
export type Model = Runnable<BaseLanguageModelInput, AIMessageChunk>;

/** One complete answer of a model. */
export interface Answer {
  text: string;
  calls: RequestedCall[];
  usage: UsageMetadata | undefined;
  /** Characters, of everything that it consists of. */
  written: number;
}

export interface AnswerListener {
  onText?(delta: string): void;
  onThought?(text: string): void;
}

/**
 * The id of the message that a node streams. Derived from its LangGraph task, so that a step that runs again
 * after a crash streams under the same id, and a client can replace what it has; new on a replay or fork.
 */
export function newMessageId(config: LangGraphRunnableConfig): string {
  return `msg_${config.executionInfo?.taskId ?? randomUUID()}`;
}

/**
 * Asks the model and collects its streamed answer. Rejects with ModelError, or with the abort's reason
 * when the run was cancelled or its time is over. Own collecting instead of `chunk.concat`: that re-parses everything per
 * delta, and it merges calls that share an id.
 */
export async function ask(
  model: Model,
  messages: BaseMessage[],
  config: LangGraphRunnableConfig,
  listener: AnswerListener,
  limits: AnswerLimits,
): Promise<Answer> {
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

/** @param stop ends the reading: leaving the loop over it would wait for the next piece first */
function answerCollector(
  listener: AnswerListener,
  { maxCalls, maxOutput }: AnswerLimits,
  stop: (error: OutputLimitError) => void,
) {
  const parts: string[] = [];
  const calls = toolCallCollector(maxCalls);
  const thoughts = thoughtBuffer((text) => listener.onThought?.(text));
  let usage: UsageMetadata | undefined;
  let written = 0;
  return {
    add(chunk: AIMessageChunk): void {
      const { text } = chunk;
      const thought = reasoningOf(chunk);
      const fragments = fragmentsOf(chunk);
      written += text.length + thought.length + sum(fragments.map(lengthOf));
      if (written > maxOutput) {
        const error = new OutputLimitError(`only ${maxOutput} characters were left to this run`);
        stop(error);
        throw error;
      }
      thoughts.add(thought);
      if (text !== "") {
        thoughts.flush();
        parts.push(text);
        listener.onText?.(text);
      }
      for (const fragment of fragments) calls.add(fragment);
      usage = chunk.usage_metadata ?? usage;
    },
    finish(): Answer {
      thoughts.flush();
      return { text: parts.join(""), calls: calls.finish(), usage, written };
    },
  };
}

function lengthOf({ id = "", name = "", args = "" }: CallFragment): number {
  return id.length + name.length + args.length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Streamed fragments, or whole calls from a model that does not split them. */
function fragmentsOf(chunk: AIMessageChunk): CallFragment[] {
  if (chunk.tool_call_chunks && chunk.tool_call_chunks.length > 0) return chunk.tool_call_chunks;
  return (chunk.tool_calls ?? []).map(({ id, name, args }) => ({ id, name, args: JSON.stringify(args) }));
}

/** Reasoning comes as a field of its own from most compatible servers, else as content blocks. */
function reasoningOf(chunk: AIMessageChunk): string {
  const field: unknown = chunk.additional_kwargs.reasoning_content;
  if (typeof field === "string") return field;
  if (typeof chunk.content === "string") return "";
  return chunk.content.map(blockReasoning).join("");
}

function blockReasoning(block: { type: string; [key: string]: unknown }): string {
  if (block.type === "reasoning") return typeof block.reasoning === "string" ? block.reasoning : "";
  if (block.type === "thinking") return typeof block.thinking === "string" ? block.thinking : "";
  return "";
}
