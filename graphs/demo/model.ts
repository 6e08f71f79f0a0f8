import { setImmediate as nextTick } from "node:timers/promises";
import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BindToolsInput,
} from "@langchain/core/language_models/chat_models";
import { AIMessageChunk, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import { z } from "zod";
import { writtenIn } from "../state/language.ts";
import { PLAN_TASK } from "../state/prompts.ts";
import { demoPlan, greeting, missingTool, report } from "./answers.ts";
import { type DemoRequest, readRequests } from "./requests.ts";

interface DemoCallOptions extends BaseChatModelCallOptions {
  tools?: BindToolsInput[];
}

/** What the model says in one turn. */
interface Turn {
  text: string;
  calls: DemoRequest[];
}

/** Characters per streamed piece. */
const PIECE = 12;

const boundTool = z.union([
  z.object({ function: z.object({ name: z.string() }) }).transform((tool) => tool.function.name),
  z.object({ name: z.string() }).transform((tool) => tool.name),
]);

/**
 * An offline stand-in for a language model, so that everything around it can be tried without one. It works
 * by fixed rules: it understands mails in many languages, and the time, lookups and tasks in Korean and
 * English. It says what it is.
 */
export class DemoChatModel extends BaseChatModel<DemoCallOptions> {
  override _llmType(): string {
    return "demo";
  }

  override get profile() {
    return { maxInputTokens: 128_000 };
  }

  override bindTools(tools: BindToolsInput[], kwargs?: Partial<DemoCallOptions>) {
    return this.withConfig({ ...kwargs, tools });
  }

  override async _generate(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): Promise<ChatResult> {
    let all: ChatGenerationChunk | undefined;
    for await (const chunk of this._streamResponseChunks(messages, options, runManager)) {
      all = all === undefined ? chunk : all.concat(chunk);
    }
    return { generations: all === undefined ? [] : [all] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const turn = takeTurn(messages, boundNames(options.tools));
    for (const piece of pieces(turn.text)) {
      // Like waiting for a real model: other runs go on between two pieces.
      await nextTick();
      options.signal?.throwIfAborted();
      yield chunkOf(new AIMessageChunk(piece));
      await runManager?.handleLLMNewToken(piece);
    }
    for (const [index, { tool, args }] of turn.calls.entries()) {
      await nextTick();
      const call = { index, id: `demo_${messages.length}_${index}`, name: tool, args: JSON.stringify(args) };
      yield chunkOf(
        new AIMessageChunk({ content: "", tool_call_chunks: [{ ...call, type: "tool_call_chunk" }] }),
      );
    }
  }
}

function chunkOf(message: AIMessageChunk): ChatGenerationChunk {
  return new ChatGenerationChunk({ message, text: message.text });
}

function boundNames(tools: BindToolsInput[] = []): Set<string> {
  return new Set(
    tools.flatMap((tool) => {
      const name = boundTool.safeParse(tool);
      return name.success ? [name.data] : [];
    }),
  );
}

function takeTurn(messages: readonly BaseMessage[], bound: ReadonlySet<string>): Turn {
  const system = messages.find((message) => message.type === "system")?.text ?? "";
  const at = messages.findLastIndex((message) => HumanMessage.isInstance(message));
  const prompt = messages[at]?.text ?? "";
  // In other scripts it only knows which of its two languages was asked for.
  const spoken = /[A-Za-z]|\p{Script=Hangul}/u.test(prompt) ? writtenIn(prompt) : null;
  const language = spoken ?? (/^Language: en$/m.test(system) ? "en" : "ko");
  const requests = readRequests(prompt, language);
  if (system.startsWith(PLAN_TASK)) {
    const offered = requests.filter(({ tool }) => system.includes(`\n- ${tool}: `));
    return { text: JSON.stringify({ steps: demoPlan(offered, language) }), calls: [] };
  }
  const results = messages.slice(at + 1).filter((message) => ToolMessage.isInstance(message));
  // With results this prompt's calls have been made: answering now keeps it from looping.
  if (results.length > 0) return { text: report(results, language), calls: [] };
  const calls = requests.filter(({ tool }) => bound.has(tool));
  if (calls.length > 0) return { text: "", calls };
  return {
    text: requests[0] ? missingTool(requests[0].tool, language) : greeting(prompt, language),
    calls: [],
  };
}

/** Cuts by code points, so that no emoji is split. */
function pieces(text: string): string[] {
  const points = [...text];
  return Array.from({ length: Math.ceil(points.length / PIECE) }, (_, at) =>
    points.slice(at * PIECE, (at + 1) * PIECE).join(""),
  );
}
