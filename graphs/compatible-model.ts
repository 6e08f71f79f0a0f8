import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import type { BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk } from "@langchain/core/outputs";
import { ChatOpenAICompletions } from "@langchain/openai";
import { ModelError } from "./model-errors.ts";

type Delta = Parameters<ChatOpenAICompletions["_convertCompletionsDeltaToBaseMessageChunk"]>[0];
type RawChunk = Parameters<ChatOpenAICompletions["_convertCompletionsDeltaToBaseMessageChunk"]>[1];
type Role = Parameters<ChatOpenAICompletions["_convertCompletionsDeltaToBaseMessageChunk"]>[2];

/**
 * ChatOpenAI's Chat Completions side (the one API that all compatible servers have), made strict about
 * answers that break off and lenient about what servers leave out.
 */
export class CompatibleChatModel extends ChatOpenAICompletions {
  /**
   * A server or proxy that dies politely ends the response without an error, and the client then takes half
   * an answer for all of it. A complete one has a finish_reason.
   */
  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    let finished = false;
    for await (const chunk of super._streamResponseChunks(messages, options, runManager)) {
      finished ||= chunk.generationInfo?.finish_reason !== undefined;
      yield chunk;
    }
    if (!finished) throw new ModelError("failed", "the model's answer broke off: it has no finish_reason");
  }

  /** Some servers leave the role out of their deltas, and some call reasoning_content `reasoning`. */
  override _convertCompletionsDeltaToBaseMessageChunk(delta: Delta, raw: RawChunk, role?: Role) {
    const { reasoning, ...rest } = delta;
    const complete =
      typeof reasoning === "string" && rest.reasoning_content === undefined
        ? { ...rest, reasoning_content: reasoning }
        : delta;
    return super._convertCompletionsDeltaToBaseMessageChunk(complete, raw, role ?? "assistant");
  }
}
