import type { Client } from "@langchain/langgraph-sdk";

/** A conversation as `GET /aura/threads/{threadId}` shows it. */
export interface Conversation {
  messages: {
    id: string | null;
    role: "user" | "assistant" | "tool";
    content: string;
    toolCalls?: { id: string | null; name: string; args: Record<string, unknown> }[] | undefined;
    toolCallId?: string | undefined;
    name?: string | undefined;
  }[];
  planSteps?: unknown[] | undefined;
}

/** The graph's name in langgraph.json. */
const GRAPH = "aura";

/**
 * Puts a conversation into a new thread of LangGraph's dev server (`npm run studio`), as if the agent had just answered: it can be gone
 * on with, forked and edited there. Checkpoints, approvals and the ledger stay where they are.
 *
 * @returns the dev server's thread id
 */
export async function importIntoStudio(
  client: Client,
  { messages, planSteps = [] }: Conversation,
): Promise<string> {
  const { thread_id: threadId } = await client.threads.create({ graphId: GRAPH });
  const values = { messages: messages.map(toStudioMessage), steps: planSteps };
  // As the last node: nothing is left to do, and the next message begins a new run.
  await client.threads.updateState(threadId, { values, asNode: "finish" });
  return threadId;
}

function toStudioMessage({
  id,
  role,
  content,
  toolCalls = [],
  toolCallId,
  name,
}: Conversation["messages"][number]) {
  const base = { content, ...(id === null ? {} : { id }) };
  if (role === "user") return { type: "human", ...base };
  if (role === "tool")
    return { type: "tool", ...base, tool_call_id: toolCallId ?? "", ...(name && { name }) };
  const calls = toolCalls.map((call) => ({ type: "tool_call", ...call }));
  return { type: "ai", ...base, tool_calls: calls };
}
