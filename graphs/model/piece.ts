import type { UsageMetadata } from "@langchain/core/messages";
import { exactJson } from "../../tools/exact-json.ts";
import { isRecord, type JsonObject, mergeKept } from "./kept-fields.ts";
import type { CallFragment } from "./tool-call-stream.ts";

/** What one chunk of a streamed answer adds to it. */
export interface Piece {
  text: string;
  /** The model's reasoning, where the server sends it apart from the text. */
  reasoning: string;
  /** The model's own words for declining to answer. */
  refusal: string;
  fragments: CallFragment[];
  finish?: string;
  usage?: UsageMetadata;
  /** Fields of the message that we do not know: the server may want them back. */
  kept?: JsonObject;
  /** Chunks before this one that could not be read. */
  lost?: number;
}

/**
 * Reads a chunk of an OpenAI-compatible server, or a whole answer of one that does not stream. Servers leave
 * out what is empty, or write null, "" or another type in its place; all of that counts as absent. Null for
 * what is no chunk at all.
 */
export function readPiece(chunk: unknown): Piece | null {
  if (!isRecord(chunk)) return null;
  const usage = usageIn(chunk.usage);
  const choice: unknown = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined;
  if (!isRecord(choice)) return usage === undefined ? null : { ...NOTHING, usage };
  const message = [choice.delta, choice.message].find(isRecord) ?? textChoice(choice);
  const finish = textIn(choice.finish_reason);
  return {
    ...spoken(message),
    fragments: fragmentsIn(message),
    ...(finish === "" ? {} : { finish }),
    ...(usage === undefined ? {} : { usage }),
    ...keptOf(message, KNOWN),
  };
}

/** A piece that adds nothing. */
export const NOTHING: Piece = Object.freeze({ text: "", reasoning: "", refusal: "", fragments: [] });

/** The form of the older completions API, which some proxies use for the last chunk. */
function textChoice({ text }: JsonObject): JsonObject {
  return typeof text === "string" ? { content: text } : {};
}

/** The error that a server reports in the middle of its answer; undefined when the chunk is none. */
export function errorIn(chunk: unknown): { status: number; said: string } | undefined {
  if (!isRecord(chunk) || chunk.error === undefined || chunk.error === null) return undefined;
  const { error } = chunk;
  const code = isRecord(error) ? Number(error.code ?? error.status) : Number.NaN;
  return { status: code >= 400 && code < 600 ? code : 500, said: JSON.stringify(error) };
}

function textIn(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The content is text, or a list of parts; with some servers reasoning is one of the parts. */
function spoken(message: JsonObject): Pick<Piece, "text" | "reasoning" | "refusal"> {
  const parts = Array.isArray(message.content) ? message.content.filter(isRecord) : [];
  const field = textIn(message.reasoning_content) || textIn(message.reasoning);
  return {
    text: textIn(message.content) + parts.map((part) => textIn(part.text)).join(""),
    reasoning: field || parts.map(thoughtIn).join(""),
    refusal: textIn(message.refusal) + parts.map((part) => textIn(part.refusal)).join(""),
  };
}

function thoughtIn(part: JsonObject): string {
  if (part.type !== "thinking" && part.type !== "reasoning") return "";
  const { thinking, reasoning } = part;
  if (!Array.isArray(thinking)) return textIn(thinking) || textIn(reasoning);
  return thinking
    .filter(isRecord)
    .map((each) => textIn(each.text))
    .join("");
}

/** Known fields of a message. All others that are not empty are kept. */
const KNOWN = new Set(["role", "content", "tool_calls", "function_call", "refusal", "name"]);
/** Known fields of a call, and of its function. */
const KNOWN_OF_CALL = new Set(["index", "id", "type", "function"]);
const KNOWN_OF_FUNCTION = new Set(["name", "arguments"]);

function keptOf(from: JsonObject, known: ReadonlySet<string>): { kept?: JsonObject } {
  const unknown = Object.entries(from).filter(([key, value]) => !known.has(key) && !isEmpty(value));
  return unknown.length === 0 ? {} : { kept: Object.fromEntries(unknown) };
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)
  );
}

function fragmentsIn(message: JsonObject): CallFragment[] {
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls : [message.tool_calls];
  const found = calls.filter(isRecord).map(fragmentIn);
  // The field of the time when an answer had one call at most.
  return isRecord(message.function_call)
    ? [...found, fragmentIn({ function: message.function_call })]
    : found;
}

function fragmentIn(call: JsonObject): CallFragment {
  const called = isRecord(call.function) ? call.function : {};
  const index = typeof call.index === "number" || typeof call.index === "string" ? call.index : undefined;
  const id = typeof call.id === "number" ? String(call.id) : textIn(call.id);
  const args = argumentsIn(called.arguments);
  const { kept } = keptOf(call, KNOWN_OF_CALL);
  const inner = keptOf(called, KNOWN_OF_FUNCTION).kept;
  const all = mergeKept(kept, inner && { function: inner });
  return {
    ...(index === undefined ? {} : { index }),
    ...(id === "" ? {} : { id }),
    ...(typeof called.name === "string" ? { name: called.name } : {}),
    ...(args === undefined ? {} : { args }),
    ...(all === undefined ? {} : { kept: all }),
  };
}

/** Some servers send the arguments as an object and not as JSON text. */
function argumentsIn(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The usage, or undefined where counts are missing or null. A missing total is added up. */
function usageIn(usage: unknown): UsageMetadata | undefined {
  if (!isRecord(usage)) return undefined;
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = usage;
  if (!isCount(input) || !isCount(output)) return undefined;
  return {
    input_tokens: input,
    output_tokens: output,
    total_tokens: isCount(total) ? total : input + output,
  };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/**
 * A `data:` line as JSON; undefined when it is none. Numbers that JavaScript cannot hold become their text.
 */
export function parseData(data: string): unknown {
  try {
    return exactJson(data);
  } catch {
    return undefined;
  }
}
