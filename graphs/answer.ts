import { randomUUID } from "node:crypto";
import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import type { AIMessageChunk, BaseMessage, UsageMetadata } from "@langchain/core/messages";
import type { Runnable } from "@langchain/core/runnables";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { toModelError } from "./model-errors.ts";
import { thoughtBuffer } from "./thoughts.ts";
import { type CallFragment, type RequestedCall, toolCallCollector } from "./tool-call-stream.ts";

/** A model, perhaps with tools bound to it. */
export type Model = Runnable<BaseLanguageModelInput, AIMessageChunk>;

/** One complete answer of a model. */
export interface Answer {
  text: string;
  calls: RequestedCall[];
  usage: UsageMetadata | undefined;
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
 * when the run was cancelled. Own collecting instead of `chunk.concat`: that re-parses everything per
 * delta, and it merges calls that share an id.
 */
export async function ask(
  model: Model,
  messages: BaseMessage[],
  config: LangGraphRunnableConfig,
  listener: AnswerListener,
): Promise<Answer> {
  const parts: string[] = [];
  const calls = toolCallCollector();
  const thoughts = thoughtBuffer((text) => listener.onThought?.(text));
  let usage: UsageMetadata | undefined;
  try {
    for await (const chunk of await model.stream(messages, config)) {
      thoughts.add(reasoningOf(chunk));
      if (chunk.text !== "") {
        thoughts.flush();
        parts.push(chunk.text);
        listener.onText?.(chunk.text);
      }
      for (const fragment of fragmentsOf(chunk)) calls.add(fragment);
      usage = chunk.usage_metadata ?? usage;
    }
  } catch (error) {
    config.signal?.throwIfAborted();
    throw toModelError(error);
  }
  // A model may end its stream quietly when it is aborted.
  config.signal?.throwIfAborted();
  thoughts.flush();
  return { text: parts.join(""), calls: calls.finish(), usage };
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
