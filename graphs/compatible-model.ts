import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk } from "@langchain/core/outputs";
import { ChatOpenAICompletions } from "@langchain/openai";
import { z } from "zod";
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
    const { reasoning, tool_calls, ...rest } = delta;
    if (typeof reasoning === "string" && rest.reasoning_content === undefined) {
      rest.reasoning_content = reasoning;
    }
    const chunk = super._convertCompletionsDeltaToBaseMessageChunk(rest, raw, role ?? "assistant");
    return AIMessageChunk.isInstance(chunk) ? answerChunk(chunk, fragmentsIn(tool_calls)) : chunk;
  }
}

/**
 * LangChain puts every delta together with all before it, for its tracers. Of tool calls that means copying all of them and
 * parsing all their arguments again for every fragment, the square of the answer's length in work. So the sum leaves
 * them out: each fragment is in its own chunk, which is what our collector reads, and the message of the node has them whole.
 */
class AnswerChunk extends AIMessageChunk {
  override concat(chunk: AIMessageChunk): this {
    const [ours = [], theirs = []] = [this.tool_call_chunks, chunk.tool_call_chunks];
    this.tool_call_chunks = [];
    chunk.tool_call_chunks = [];
    try {
      return super.concat(chunk);
    } finally {
      this.tool_call_chunks = ours;
      chunk.tool_call_chunks = theirs;
    }
  }
}

type Fragments = NonNullable<AIMessageChunk["tool_call_chunks"]>;

function answerChunk(
  { content, additional_kwargs, response_metadata, id }: AIMessageChunk,
  calls: Fragments,
) {
  const fields = { content, additional_kwargs, response_metadata };
  const chunk = new AnswerChunk(id === undefined ? fields : { ...fields, id });
  // Set, not given to the constructor: that would read them as whole calls.
  chunk.tool_call_chunks = calls;
  return chunk;
}

/** A piece of a call. Whatever else stands in a field's place is left out. */
const fragment = z.object({
  index: z.number().optional().catch(undefined),
  id: z.string().optional().catch(undefined),
  function: z
    .object({
      name: z.string().optional().catch(undefined),
      // Some servers send them as what they mean, and not as text.
      arguments: z.unknown().optional().transform(textOf),
    })
    .catch({ arguments: undefined }),
});

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function fragmentsIn(toolCalls: unknown): Fragments {
  if (!Array.isArray(toolCalls)) return [];
  return toolCalls.flatMap((each): Fragments => {
    const parsed = fragment.safeParse(each);
    if (!parsed.success) return [];
    const { index, id, function: called } = parsed.data;
    return [
      {
        type: "tool_call_chunk",
        ...(index === undefined ? {} : { index }),
        ...(id === undefined ? {} : { id }),
        ...(called.name === undefined ? {} : { name: called.name }),
        ...(called.arguments === undefined ? {} : { args: called.arguments }),
      },
    ];
  });
}
