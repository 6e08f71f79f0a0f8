import assert from "node:assert/strict";
import type { ClientMessage } from "@aura-platform/contract/messages.ts";
import type { ThreadDocument } from "@aura-platform/contract/thread-document.ts";
import { BaseChatModel, type BindToolsInput } from "@langchain/core/language_models/chat_models";
import { AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import { MemorySaver } from "@langchain/langgraph";
import { buildGraph } from "../../graphs/aura/build.ts";
import { toClientMessage } from "../../graphs/saved/client-message.ts";
import { prepareState } from "../../graphs/saved/saved-state.ts";
import { viewHistory } from "../../graphs/saved/thread-view.ts";
import { PLAN_TASK } from "../../graphs/state/prompts.ts";
import { type AuraTool, ToolError } from "../../tools/tool.ts";

/** One answer of the recorded model, and the conversation that it answered. */
interface Turn {
  request: ClientMessage[];
  pieces: string[];
  thoughts: string[];
  calls: { id: string; name: string; args: Record<string, unknown> }[];
}

type RecordedRun = ThreadDocument["runs"][number];

/** What the model of a recorded thread said, run by run: first the plan, then each turn. */
export async function recordedAnswers(document: ThreadDocument): Promise<Map<string, Turn[]>> {
  const saver = new MemorySaver();
  await prepareState(document.state)(saver, "recorded");
  // Any graph of ours reads the checkpoints; its model is never asked.
  const graph = buildGraph({ model: new PlaybackModel([]), tools: [], checkpointer: saver });
  const answers = new Map<string, Turn[]>();
  for (const recorded of document.runs) {
    const views = [];
    for await (const view of viewHistory(graph, "recorded", { runId: recorded.run.runId }))
      views.unshift(view);
    const planned = views.find(({ next }) => next.includes("agent"))?.values;
    const conversation = (views.at(-1)?.values.messages ?? []) as ClientMessage[];
    answers.set(recorded.run.runId, turnsOf(recorded, planned?.steps, conversation));
  }
  return answers;
}

function turnsOf({ run, events }: RecordedRun, steps: unknown, conversation: ClientMessage[]): Turn[] {
  const from = conversation.findIndex(({ id }) => id === run.runId);
  const turns = conversation.flatMap((message, at): (Turn & { id: string | null })[] => {
    if (at < from || message.role !== "assistant") return [];
    const calls = (message.toolCalls ?? []).map(({ id, name, args }) => ({ id: id ?? "", name, args }));
    return [{ id: message.id, request: conversation.slice(0, at), pieces: [], thoughts: [], calls }];
  });
  const plan: Turn = {
    request: conversation.slice(0, from + 1),
    pieces: [JSON.stringify({ steps })],
    thoughts: [],
    calls: [],
  };
  // The first thought and the one that counts the steps are the graph's own; what lies between is the planner's.
  const thoughts = events.flatMap(({ event }, at) => (event.type === "thought" ? [at] : []));
  const firstStep = events.findIndex(({ event }) => event.type === "plan_step");
  const counted = thoughts.findLast((at) => at < firstStep) ?? 0;
  let current = 0;
  for (const [at, { event }] of events.entries()) {
    if (event.type === "thought" && at > 0 && at !== counted) {
      const turn = at < counted ? plan : turns[current];
      turn?.thoughts.push(event.data.content);
    }
    if (event.type === "content") {
      current = turns.findIndex(({ id }) => id === event.data.messageId);
      turns[current]?.pieces.push(event.data.content);
    }
    if (event.type === "tool_execution") {
      const { toolCallId } = event.data;
      current = turns.findIndex(({ calls }) => calls.some(({ id }) => id === toolCallId)) + 1;
    }
  }
  return [plan, ...turns];
}

/** Says what was recorded, and fails on a request that is not the recorded one. */
export class PlaybackModel extends BaseChatModel {
  readonly #turns: Turn[];
  /** The instructions that it was given, for a snapshot. */
  readonly prompts: string[] = [];
  /** The first request that differed. */
  mismatch: unknown = null;

  constructor(turns: readonly Turn[]) {
    super({});
    this.#turns = [...turns];
  }

  get left(): number {
    return this.#turns.length;
  }

  override _llmType(): string {
    return "playback";
  }

  override get profile() {
    return { maxInputTokens: 128_000 };
  }

  override bindTools(tools: BindToolsInput[]) {
    return this.withConfig({ tools } as any);
  }

  override async _generate(): Promise<ChatResult> {
    throw new Error("the graph streams");
  }

  override async *_streamResponseChunks(messages: BaseMessage[]): AsyncGenerator<ChatGenerationChunk> {
    const turn = this.#take(messages);
    for (const thought of turn.thoughts) {
      yield chunk(
        new AIMessageChunk({ content: "", additional_kwargs: { reasoning_content: `${thought}\n\n` } }),
      );
    }
    for (const piece of turn.pieces) yield chunk(new AIMessageChunk(piece));
    for (const [index, { id, name, args }] of turn.calls.entries()) {
      const call = { index, id, name, args: JSON.stringify(args), type: "tool_call_chunk" as const };
      yield chunk(new AIMessageChunk({ content: "", tool_call_chunks: [call] }));
    }
  }

  #take([system, ...conversation]: BaseMessage[]): Turn {
    try {
      const prompt = system?.text ?? "";
      this.prompts.push(prompt);
      const turn = this.#turns.shift();
      assert.ok(turn, `one more call than recorded: ${conversation.at(-1)?.text}`);
      const asked = conversation.map(toClientMessage);
      // The planner is shown what was said, without calls.
      const recorded = prompt.startsWith(PLAN_TASK) ? turn.request.filter(isSpoken) : turn.request;
      assert.deepEqual(asked.map(essence), recorded.map(essence), "the model is asked something else");
      return turn;
    } catch (error) {
      this.mismatch ??= error;
      throw error;
    }
  }
}

function isSpoken({ role, content }: ClientMessage): boolean {
  return role !== "tool" && content.trim() !== "";
}

function essence({ role, content, toolCalls, toolCallId }: ClientMessage) {
  const calls = toolCalls?.map(({ name, args }) => ({ name, args })) ?? [];
  return { role, content, ...(calls.length > 0 ? { calls } : {}), ...(toolCallId ? { toolCallId } : {}) };
}

function chunk(message: AIMessageChunk): ChatGenerationChunk {
  return new ChatGenerationChunk({ message, text: message.text });
}

/** The same tools, with the recorded outcomes in place of effects. */
export function playbackTools(tools: readonly AuraTool[], document: ThreadDocument): AuraTool[] {
  const outcomes = new Map(document.effects.map(({ toolCallId, outcome }) => [toolCallId, outcome as any]));
  return tools.map((tool) => ({
    ...tool,
    async execute(_args, { toolCallId }) {
      const outcome = outcomes.get(toolCallId);
      assert.ok(outcome, `${tool.name} was not executed in the recording`);
      if (!outcome.ok) throw new ToolError(outcome.problem);
      return outcome.result;
    },
  }));
}
