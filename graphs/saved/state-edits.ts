import { type StateEdits, stateEdits } from "@aura-platform/contract/checkpoints.ts";
import type { EditedMessage } from "@aura-platform/contract/messages.ts";
import { type BaseMessage, RemoveMessage } from "@langchain/core/messages";
import { messagesStateReducer } from "@langchain/langgraph";
import type { AuraGraph } from "../aura/build.ts";
import { NODES } from "../aura/nodes.ts";
import type { State } from "../state/state.ts";
import { fromPortable, refuseHostile, SavedStateError } from "./portable.ts";

/** An update of the graph's state. */
type Update = Omit<StateEdits, "messages"> & { messages?: BaseMessage[] };

/**
 * What a client wants changed, as an update of the graph's state.
 *
 * @throws SavedStateError naming the fields that are wrong
 */
export function toStateUpdate(edits: unknown): Update {
  refuseHostile(edits);
  const parsed = stateEdits.safeParse(edits);
  if (!parsed.success) throw new SavedStateError("edits are malformed", parsed.error);
  const { messages, ...rest } = parsed.data;
  return { ...rest, ...(messages && { messages: messages.map(fromEdit) }) };
}

/**
 * Refuses an update that LangGraph would only refuse once the checkpoint has been copied.
 *
 * @throws SavedStateError for the removal of a message that is not there
 */
export function refuseUnfit(update: Update, { messages = [] }: Partial<State>): void {
  try {
    messagesStateReducer([...messages], update.messages ?? []);
  } catch (cause) {
    throw new SavedStateError("edits remove a message that is not there", cause);
  }
}

/**
 * Changes the state where a thread's only checkpoint stands. LangGraph takes the change for the last node's,
 * and goes on behind that one. It does not see the tasks of `tools`, and would take the agent for the last
 * node, whose turn is still to come: then the change is the plan's.
 */
export async function applyEdit(graph: AuraGraph, threadId: string, update: Update): Promise<void> {
  const thread = { configurable: { thread_id: threadId } };
  const { next } = await graph.getState(thread);
  await graph.updateState(thread, update, ...(next.includes(NODES.agent) ? [NODES.plan] : []));
}

function fromEdit(edit: EditedMessage): BaseMessage {
  if ("remove" in edit) return new RemoveMessage({ id: edit.id });
  switch (edit.role) {
    case "user": {
      const { role: _, ...fields } = edit;
      return fromPortable({ type: "human", ...fields });
    }
    case "assistant": {
      const { role: _, ...fields } = edit;
      return fromPortable({ type: "ai", ...fields });
    }
    case "tool": {
      const { role: _, ...fields } = edit;
      return fromPortable({ type: "tool", ...fields });
    }
  }
}
