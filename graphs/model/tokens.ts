import { AIMessage, type BaseMessage } from "@langchain/core/messages";

/** What a message costs besides its text. */
const PER_MESSAGE = 8;

/** Estimates by message: a history is counted at every turn, and most of its messages were counted before. */
const counted = new WeakMap<BaseMessage, number>();

/** Estimates how many tokens messages cost a model to read; rather too many than too few. */
export function countTokens(messages: readonly BaseMessage[]): number {
  return messages.reduce((sum, message) => sum + tokensOfMessage(message), 0);
}

function tokensOfMessage(message: BaseMessage): number {
  const known = counted.get(message);
  if (known !== undefined) return known;
  const content = typeof message.content === "string" ? message.content : JSON.stringify(message.content);
  const calls = AIMessage.isInstance(message) ? JSON.stringify(message.tool_calls ?? []) : "";
  const tokens = PER_MESSAGE + tokensOf(content) + tokensOf(calls);
  counted.set(message, tokens);
  return tokens;
}

/**
 * By the kind of each character, after measuring cl100k and o200k (docs/decisions/0064): letters and spaces 3
 * to a token, digits 2, signs 1.5; Korean, Chinese and Japanese 1.5 tokens a character; what stands above
 * them (emoji) 3.
 */
export function tokensOf(text: string): number {
  let tokens = 0;
  for (let at = 0; at < text.length; at += 1) tokens += weightOf(text.charCodeAt(at));
  return Math.ceil(tokens);
}

function weightOf(unit: number): number {
  if (unit >= 0x80) return unit < 0x800 ? 1 : 1.5;
  if (unit === 32 || (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90)) return 1 / 3;
  return unit >= 48 && unit <= 57 ? 1 / 2 : 1 / 1.5;
}
