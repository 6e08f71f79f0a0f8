import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { AIMessage, AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import { ChatOpenAICompletions, convertMessagesToCompletionsMessageParams } from "@langchain/openai";
import { readAnswerStream } from "./answer-stream.ts";
import { refusalOf } from "./errors.ts";
import { isRecord, type JsonObject, type KeptFields, keptFor } from "./kept-fields.ts";
import type { Piece } from "./piece.ts";

/**
 * The piece that each chunk was made of. Not a field with `instanceof`: LangChain's classes take each other's
 * instances for their own.
 */
const PIECES = new WeakMap<object, Piece>();

/** The piece behind a chunk of CompatibleChatModel; undefined for any other chunk. */
export function pieceIn(chunk: AIMessageChunk): Piece | undefined {
  return PIECES.get(chunk);
}

/** A piece of an answer as LangChain passes it on. */
function answerChunk(piece: Piece): AIMessageChunk {
  const chunk = new AnswerChunk({
    content: piece.text,
    ...(piece.reasoning === "" ? {} : { additional_kwargs: { reasoning_content: piece.reasoning } }),
    response_metadata: piece.finish === undefined ? {} : { finish_reason: piece.finish },
  });
  PIECES.set(chunk, piece);
  // Set, not given to the constructor: that would read them as whole calls.
  chunk.tool_call_chunks = piece.fragments.map(({ index, id, name, args }) => ({
    type: "tool_call_chunk" as const,
    ...(typeof index === "number" ? { index } : {}),
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(args === undefined ? {} : { args }),
  }));
  // LangChain's types allow no usage here (they infer `undefined`), though its messages carry it.
  if (piece.usage !== undefined) Object.assign(chunk, { usage_metadata: piece.usage });
  return chunk;
}

class AnswerChunk extends AIMessageChunk {
  /**
   * LangChain adds every delta to the sum of all before it, for its tracers. For tool calls that means
   * copying all of them and parsing all their arguments again for every fragment: quadratic work. So the sum
   * leaves them out. Each fragment is in its own chunk, which is what our collector reads, and the node's
   * message has them whole.
   */
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

/** Parameters that every server takes. All others can be left out of a request. */
const REQUIRED = new Set(["model", "messages", "stream", "tools"]);

/**
 * OpenAI's name for the system role with its newer models. LangChain chooses it by the model's name, at any
 * endpoint.
 */
const DEVELOPER = "developer";

/**
 * The Chat Completions side of ChatOpenAI, the one API that all compatible servers have. The stream is read
 * here and not by LangChain and OpenAI's client: these end the run over a null or broken chunk, and drop
 * fields that they do not know.
 */
export class CompatibleChatModel extends ChatOpenAICompletions {
  /** Names in requests that this server has refused: they are left out from then on. */
  readonly #refused = new Set<string>();

  /** Endpoint and model, to which fields of the server's own are bound. */
  get server(): string {
    return `${this.clientConfig.baseURL ?? "openai"} ${this.model}`;
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    for await (const piece of readAnswerStream(await this.#request(messages, options))) {
      const chunk = new ChatGenerationChunk({ message: answerChunk(piece), text: piece.text });
      yield chunk;
      await runManager?.handleLLMNewToken(piece.text, undefined, undefined, undefined, undefined, { chunk });
    }
  }

  /** Makes the request, and makes it again without what a refusal names, as long as that can be left out. */
  async #request(messages: BaseMessage[], options: this["ParsedCallOptions"]): Promise<Response> {
    for (;;) {
      const body = this.#body(messages, options);
      try {
        return await this.#post(body, options);
      } catch (error) {
        const refused = refusedName(error, body);
        if (refused === undefined || this.#refused.has(refused)) throw error;
        this.#refused.add(refused);
      }
    }
  }

  #body(messages: BaseMessage[], options: this["ParsedCallOptions"]): RequestBody {
    const params = Object.entries(this.invocationParams(options, { streaming: true })).filter(
      ([key, value]) => value !== undefined && !this.#refused.has(key),
    );
    const converted = convertMessagesToCompletionsMessageParams({ messages, model: this.model });
    return {
      ...Object.fromEntries(params),
      messages: converted.map((each, at) => this.#withKept({ ...each }, messages[at])),
      stream: true,
    };
  }

  /** A message with the fields that this server once sent with it. */
  #withKept(sent: JsonObject, message: BaseMessage | undefined): JsonObject {
    if (sent.role === DEVELOPER && this.#refused.has(DEVELOPER)) return { ...sent, role: "system" };
    if (!AIMessage.isInstance(message)) return sent;
    const kept = keptFor(this.server, message.additional_kwargs);
    if (kept === undefined) return sent;
    const calls = Array.isArray(sent.tool_calls) ? sent.tool_calls.filter(isRecord) : [];
    return {
      ...this.#allowed(kept.message),
      ...sent,
      ...(calls.length === 0 ? {} : { tool_calls: calls.map((call) => this.#callWithKept(call, kept)) }),
    };
  }

  #callWithKept(call: JsonObject, { calls = {} }: Pick<KeptFields, "calls">): JsonObject {
    const id = String(call.id);
    const fields = this.#allowed(Object.hasOwn(calls, id) ? calls[id] : undefined);
    // A copy, because the history keeps its own. Our own fields of the call take precedence.
    return fields === undefined ? call : { ...structuredClone(fields), ...call, ...inner(fields, call) };
  }

  #allowed(fields: JsonObject | undefined): JsonObject | undefined {
    return fields && Object.fromEntries(Object.entries(fields).filter(([key]) => !this.#refused.has(key)));
  }

  async #post(body: RequestBody, options: this["ParsedCallOptions"]): Promise<Response> {
    const { maxRetries: _, ...rest } = this._getClientOptions({
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return this.client.post("/chat/completions", { ...rest, body, stream: true }).asResponse();
  }
}

/** The call's function with the fields that its server had put there. */
function inner(fields: JsonObject, call: JsonObject): JsonObject {
  if (!isRecord(fields.function) || !isRecord(call.function)) return {};
  return { function: { ...fields.function, ...call.function } };
}

type RequestBody = JsonObject & { messages: JsonObject[]; stream: true };

/**
 * The optional part of the request that a refusal names: a parameter, a field of a message or call, a role.
 */
function refusedName(error: unknown, body: RequestBody): string | undefined {
  const refusal = refusalOf(error);
  if (!refusal?.isAboutRequest) return undefined;
  const words = new Set(refusal.said().match(/[A-Za-z0-9_]+/g));
  return optionalNames(body).find((name) => words.has(name));
}

function optionalNames({ messages, ...params }: RequestBody): string[] {
  const names = Object.keys(params).filter((name) => !REQUIRED.has(name));
  const ours = new Set(["role", "content", "tool_calls", "tool_call_id", "name", "id", "type", "function"]);
  const calls = messages.flatMap(({ tool_calls: calls }) =>
    Array.isArray(calls) ? calls.filter(isRecord) : [],
  );
  const unknown = [...messages, ...calls].flatMap(Object.keys).filter((name) => !ours.has(name));
  const roles = messages.some(({ role }) => role === DEVELOPER) ? [DEVELOPER] : [];
  return [...new Set([...names, ...unknown, ...roles])];
}
