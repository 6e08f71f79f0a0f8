import {
  AIMessage,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { cut } from "../../tools/cut.ts";
import { lostMessage } from "../state/tool-answer.ts";
import { acceptable } from "./acceptable.ts";
import { countTokens } from "./tokens.ts";

/** Messages that stay together: one message, or an assistant message with the answers to its tool calls. */
type Block = BaseMessage[];

/**
 * What the model is given: the system prompt and as much of the end of the thread as fits, in a form that
 * every provider takes. Whatever happened to earlier runs, every tool call in it is followed by exactly one
 * answer.
 *
 * @param budget in tokens, as countTokens estimates them. What may not be left out can exceed it.
 */
export function modelInput(system: string, messages: readonly BaseMessage[], budget: number): BaseMessage[] {
  const head = new SystemMessage(system.toWellFormed());
  return [head, ...acceptable(trim(toBlocks(messages), budget - countTokens([head])).flat())];
}

/**
 * Pairs calls with their answers, adds answers that are missing and drops answers that belong to no call. A
 * prompt that an earlier, failed run left without any answer gets one too: some chat templates refuse two
 * user messages in a row.
 */
function toBlocks(messages: readonly BaseMessage[]): Block[] {
  const blocks = pairedBlocks(messages);
  return blocks.flatMap((block, at) =>
    isPrompt(block) && at + 1 < blocks.length && isPrompt(blocks[at + 1] ?? [])
      ? [block, [new AIMessage(NO_ANSWER)]]
      : [block],
  );
}

const NO_ANSWER = "(This request was not answered: it failed or was cancelled.)";

function pairedBlocks(messages: readonly BaseMessage[]): Block[] {
  const answers = answersById(messages);
  return messages.flatMap((message, position): Block[] => {
    if (ToolMessage.isInstance(message)) return [];
    if (!AIMessage.isInstance(message) || !message.tool_calls?.length) return [[message]];
    const own = message.tool_calls.map(
      ({ id = "", name }) => answers.take(id, position) ?? lostMessage({ id, name }),
    );
    return [[message, ...own]];
  });
}

/**
 * Tool answers by the id of their call. A history can be thousands of messages long and is read at every
 * turn, so each answer is looked at once.
 */
function answersById(messages: readonly BaseMessage[]) {
  const queues = new Map<string, { next: number; answers: { position: number; answer: ToolMessage }[] }>();
  for (const [position, answer] of messages.entries()) {
    if (!ToolMessage.isInstance(answer)) continue;
    const queue = queues.get(answer.tool_call_id) ?? { next: 0, answers: [] };
    queue.answers.push({ position, answer });
    queues.set(answer.tool_call_id, queue);
  }
  return {
    /**
     * Takes the first answer to a call of this id that stands behind `position` and was not taken. Positions
     * must not go back.
     */
    take(id: string, position: number): ToolMessage | undefined {
      const queue = queues.get(id);
      if (queue === undefined) return undefined;
      while ((queue.answers[queue.next]?.position ?? Infinity) < position) queue.next += 1;
      const found = queue.answers[queue.next];
      queue.next += 1;
      return found?.answer;
    },
  };
}

/**
 * Keeps the current run's prompt in any case, then the newest of the run's work, then older messages from the
 * end. What is left begins with a user's message, as many servers demand.
 */
function trim(blocks: readonly Block[], budget: number): Block[] {
  const at = blocks.findLastIndex(isPrompt);
  const prompt = blocks.slice(Math.max(at, 0), at + 1);
  const work = blocks.slice(at + 1);
  const left = budget - countTokens(prompt.flat());
  // The last block stays too: without it the model would repeat what it has just done.
  const recent = newest(work, left, 1);
  if (recent.length < work.length || left < countTokens(recent.flat())) {
    return [...prompt, ...shortened(recent, left)];
  }
  const older = newest(blocks.slice(0, Math.max(at, 0)), left - countTokens(recent.flat()), 0);
  const first = older.findIndex(isPrompt);
  return [...(first < 0 ? [] : older.slice(first)), ...prompt, ...recent];
}

function isPrompt(block: Block): boolean {
  return HumanMessage.isInstance(block[0]);
}

/** The longest tail within the budget, at least `least` blocks. */
function newest(blocks: readonly Block[], budget: number, least: number): Block[] {
  let left = budget;
  let from = blocks.length;
  while (from > 0) {
    left -= countTokens(blocks[from - 1] ?? []);
    if (left < 0 && blocks.length - from >= least) break;
    from -= 1;
  }
  return blocks.slice(from);
}

/** The least that is kept of a tool's answer that has to stay and does not fit, in characters. */
const LEAST_OF_ANSWER = 500;

/** The last work of a run, with the tools' answers cut as far as necessary and allowed. */
function shortened(blocks: readonly Block[], budget: number): Block[] {
  let over = countTokens(blocks.flat()) - budget;
  if (over <= 0) return [...blocks];
  return blocks.map((block) =>
    block.map((message) => {
      const { text } = message;
      if (over <= 0 || !ToolMessage.isInstance(message) || text.length <= LEAST_OF_ANSWER) return message;
      const before = countTokens([message]);
      const length = Math.max(LEAST_OF_ANSWER, Math.floor(text.length * (1 - over / before)));
      const shorter = withContent(message, `${cut(text, length)}… (cut: it did not fit)`);
      over -= before - countTokens([shorter]);
      return shorter;
    }),
  );
}

function withContent({ tool_call_id, name, status }: ToolMessage, content: string): ToolMessage {
  const fields = { tool_call_id, content, ...(name === undefined ? {} : { name }) };
  return new ToolMessage(status === undefined ? fields : { ...fields, status });
}
