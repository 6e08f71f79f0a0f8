import type { ClientMessage } from "@aura-platform/contract/messages.ts";
import type { BaseMessage } from "@langchain/core/messages";
import { toPortable } from "./portable.ts";

const ROLES = Object.freeze({ human: "user", ai: "assistant", tool: "tool" } as const);

/**
 * A message as clients see it.
 *
 * @throws SavedStateError for a message that our graph does not write
 */
export function toClientMessage(message: BaseMessage): ClientMessage {
  const portable = toPortable(message);
  const base = { id: portable.id ?? null, role: ROLES[portable.type], content: message.text };
  if (portable.type === "human") return base;
  if (portable.type === "tool") {
    const { toolCallId, name, status } = portable;
    return { ...base, toolCallId, ...(name && { name }), ...(status && { status }) };
  }
  const calls = portable.toolCalls ?? [];
  if (calls.length === 0) return base;
  return { ...base, toolCalls: calls.map(({ id = null, name, args }) => ({ id, name, args })) };
}
