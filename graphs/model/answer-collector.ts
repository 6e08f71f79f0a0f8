import type { Answered } from "@aura-platform/contract/runs.ts";
import type { AIMessageChunk, UsageMetadata } from "@langchain/core/messages";
import { endsHalf } from "../../tools/cut.ts";
import type { AnswerLimits } from "../state/limits.ts";
import { pieceIn } from "./compatible-model.ts";
import { ModelError, OutputLimitError } from "./errors.ts";
import { type JsonObject, mergeKept } from "./kept-fields.ts";
import type { Piece } from "./piece.ts";
import { thinkFilter } from "./think-filter.ts";
import { thoughtBuffer } from "./thoughts.ts";
import { type CallFragment, type RequestedCall, toolCallCollector } from "./tool-call-stream.ts";

/** How an answer ended that is not all that the model had to say. `lost`: parts of it could not be read. */
type Ending = NonNullable<Answered["ending"]>;

/** One complete answer of a model. */
export interface ModelAnswer {
  text: string;
  calls: RequestedCall[];
  usage: UsageMetadata | undefined;
  /** Characters of everything that it consists of. */
  written: number;
  /** Absent when nothing is missing. */
  ending?: Ending;
  /** Fields of the message that only its server knows. */
  kept?: JsonObject;
}

export interface AnswerListener {
  onText?(delta: string): void;
  onThought?(text: string): void;
}

/**
 * Puts an answer together from its streamed chunks, and passes whole characters to the listener as they come.
 *
 * @param stop aborts the reading: leaving the loop would wait for the next piece first
 */
export function answerCollector(
  listener: AnswerListener,
  { maxCalls, maxOutput }: AnswerLimits,
  stop: (error: OutputLimitError) => void,
) {
  const parts: string[] = [];
  const calls = toolCallCollector(maxCalls);
  const thoughts = thoughtBuffer((text) => listener.onThought?.(text));
  const say = (text: string) => {
    thoughts.flush();
    parts.push(text);
    listener.onText?.(text);
  };
  const spoken = thinkFilter({ onText: say, onThought: thoughts.add });
  const words = wholeCharacters(spoken.add);
  const reasoning = wholeCharacters(thoughts.add);
  const refusals = wholeCharacters(say);
  let usage: UsageMetadata | undefined;
  let kept: JsonObject | undefined;
  let finish: string | undefined;
  let written = 0;
  let [refused, lost] = [false, 0];

  const count = (characters: number) => {
    written += characters;
    if (written <= maxOutput) return;
    const error = new OutputLimitError(`only ${maxOutput} characters were left to this run`);
    stop(error);
    throw error;
  };

  return {
    add(chunk: AIMessageChunk): void {
      const piece = pieceOf(chunk);
      count(lengthOf(piece));
      reasoning.add(piece.reasoning);
      words.add(piece.text);
      refusals.add(piece.refusal);
      for (const fragment of piece.fragments) calls.add(fragment);
      usage = piece.usage ?? usage;
      kept = mergeKept(kept, piece.kept);
      finish = piece.finish ?? finish;
      refused ||= piece.refusal !== "";
      lost += piece.lost ?? 0;
    },
    finish(): ModelAnswer {
      for (const each of [reasoning, words, refusals]) each.end();
      spoken.end();
      thoughts.flush();
      const ending = endingOf(finish, { refused, lost });
      return {
        text: parts.join(""),
        calls: calls.finish(ending === "length" || ending === "lost" ? ending : undefined),
        usage,
        written,
        ...(ending === undefined ? {} : { ending }),
        ...(kept === undefined ? {} : { kept }),
      };
    },
  };
}

/** Finish reasons of servers that mean an incomplete answer. */
const ENDINGS: Readonly<Record<string, Ending | "error">> = Object.freeze({
  length: "length",
  max_tokens: "length",
  model_length: "length",
  content_filter: "content_filter",
  "content-filter": "content_filter",
  safety: "content_filter",
  sensitive: "content_filter",
  recitation: "content_filter",
  blocklist: "content_filter",
  prohibited_content: "content_filter",
  spii: "content_filter",
  refusal: "refusal",
  error: "error",
  abort: "error",
  aborted: "error",
  cancelled: "error",
  network_error: "error",
  insufficient_system_resource: "error",
});

/** @throws ModelError `cut` when the server says that it broke off */
function endingOf(
  finish: string | undefined,
  { refused, lost }: { refused: boolean; lost: number },
): Ending | undefined {
  const said = finish?.toLowerCase() ?? "";
  const ending = Object.hasOwn(ENDINGS, said) ? ENDINGS[said] : undefined;
  if (ending === "error") throw new ModelError("cut", `the model's answer broke off: finish_reason ${said}`);
  if (refused) return "refusal";
  return ending ?? (lost > 0 ? "lost" : undefined);
}

/** Passes text on in whole characters: a piece may end in the middle of one. */
function wholeCharacters(pass: (text: string) => void) {
  let half = "";
  return {
    add(piece: string): void {
      if (piece === "") return;
      const text = half + piece;
      half = endsHalf(text) ? text.slice(-1) : "";
      const whole = text.slice(0, text.length - half.length);
      if (whole !== "") pass(whole.toWellFormed());
    },
    end(): void {
      if (half !== "") pass(half.toWellFormed());
    },
  };
}

function lengthOf({ text, reasoning, refusal, fragments, kept }: Piece): number {
  const ofCalls = fragments.map(
    ({ id = "", name = "", args = "", kept: own }) => id.length + name.length + args.length + sizeOf(own),
  );
  return [text.length, reasoning.length, refusal.length, sizeOf(kept), ...ofCalls].reduce(
    (all, each) => all + each,
    0,
  );
}

/** Characters of the kept fields, without the reasoning, which has been counted already. */
function sizeOf(kept: JsonObject | undefined): number {
  if (kept === undefined) return 0;
  const { reasoning_content: _, reasoning: __, ...rest } = kept;
  return Object.keys(rest).length === 0 ? 0 : JSON.stringify(rest).length;
}

/** A model of another kind than ours streams LangChain's own chunks. */
function pieceOf(chunk: AIMessageChunk): Piece {
  const piece = pieceIn(chunk);
  if (piece !== undefined) return piece;
  const finish: unknown = chunk.response_metadata.finish_reason;
  return {
    text: chunk.text,
    reasoning: reasoningOf(chunk),
    refusal: "",
    fragments: fragmentsOf(chunk),
    ...(typeof finish === "string" && finish !== "" ? { finish } : {}),
    ...(chunk.usage_metadata === undefined ? {} : { usage: chunk.usage_metadata }),
  };
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
