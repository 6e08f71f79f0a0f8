import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { AIMessage, AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import { ChatOpenAICompletions, convertMessagesToCompletionsMessageParams } from "@langchain/openai";
import { readAnswerStream } from "./answer-stream.ts";
import { refusalOf } from "./errors.ts";
import { isRecord, type JsonObject, type KeptFields, keptFor } from "./kept-fields.ts";
import type { Piece } from "./piece.ts";

/**
 * What chunks were made of. Not a field and `instanceof`: LangChain's classes take each other's instances for
 * their own.
 */
const PIECES = new WeakMap<object, Piece>();

/** All of a piece that came through CompatibleChatModel; undefined of any other chunk. */
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
   * LangChain puts every delta together with all before it, for its tracers. Of tool calls that means copying
   * all of them and parsing all their arguments again for every fragment, the square of the answer's length
   * in work. So the sum leaves them out: each fragment is in its own chunk, which is what our collector
   * reads, and the message of the node has them whole.
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

/** What every server takes; anything else in a request can be left out. */
const REQUIRED = new Set(["model", "messages", "stream", "tools"]);

/**
 * OpenAI's name for the system's role with its newer models; LangChain writes it by the model's name, at any
 * endpoint.
 */
const DEVELOPER = "developer";

/**
 * ChatOpenAI's Chat Completions side (the one API that all compatible servers have). Its stream is read here
 * instead of by LangChain and OpenAI's client, which take a null or a broken chunk for the end of the run,
 * and drop what they do not know.
 */
export class CompatibleChatModel extends ChatOpenAICompletions {
  /** Names in requests that this server has refused. They are left out from then on. */
  readonly #refused = new Set<string>();

  /** Endpoint and model: what a server's own fields are bound to. */
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

  /**
   * Asks, and asks again without what the server names in its refusal, as long as it names something that can
   * be left out.
   */
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

  /** A message as it is sent: with the fields that this server once sent with it. */
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
    // A copy: the history keeps its own. What we know of a call comes first.
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

/** A call's function, with what its server had put there. */
function inner(fields: JsonObject, call: JsonObject): JsonObject {
  if (!isRecord(fields.function) || !isRecord(call.function)) return {};
  return { function: { ...fields.function, ...call.function } };
}

type RequestBody = JsonObject & { messages: JsonObject[]; stream: true };

/**
 * The name in a refusal of something optional that the request has: a parameter, a field of a message or
 * call, a role.
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
