import { type ClientMessage, clientMessage } from "@aura-platform/contract/messages.ts";
import { loose } from "@aura-platform/contract/reading.ts";
import type { Client } from "@langchain/langgraph-sdk";
import { z } from "zod";

/** A conversation as `GET /aura/threads/{threadId}` shows it. */
const conversation = z.object({
  messages: z.array(loose(clientMessage)),
  planSteps: z.array(z.unknown()).default([]),
});

/** The graph's name in langgraph.json. */
const GRAPH = "aura";

/**
 * Puts a conversation into a new thread of LangGraph's dev server (`npm run studio`), as if the agent had
 * just answered: it can be gone on with, forked and edited there. Checkpoints, approvals and the ledger stay
 * where they are.
 *
 * @param thread as the HTTP API shows it; what is not the conversation's is ignored
 * @returns the dev server's thread id
 * @throws ZodError when it is not a thread
 */
export async function importIntoStudio(
  client: Client,
  thread: z.input<typeof conversation> | Record<string, unknown>,
): Promise<string> {
  const { messages, planSteps } = conversation.parse(thread);
  const { thread_id: threadId } = await client.threads.create({ graphId: GRAPH });
  const values = { messages: messages.map(toStudioMessage), steps: planSteps };
  // As the last node: nothing is left to do, and the next message begins a new run.
  await client.threads.updateState(threadId, { values, asNode: "finish" });
  return threadId;
}

function toStudioMessage({ id, role, content, toolCalls = [], toolCallId = "", name }: ClientMessage) {
  const base = { content, ...(id === null ? {} : { id }) };
  if (role === "user") return { type: "human", ...base };
  if (role === "tool") return { type: "tool", ...base, tool_call_id: toolCallId, ...(name && { name }) };
  return { type: "ai", ...base, tool_calls: toolCalls.map((call) => ({ type: "tool_call", ...call })) };
}
