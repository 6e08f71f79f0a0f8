import { AIMessage, type ToolMessage } from "@langchain/core/messages";
import type { Language } from "./state.ts";
import { refusalText } from "./texts.ts";
import { refusalMessage } from "./tool-answer.ts";

// What the service puts into a thread's history itself, with `updateState`.

/**
 * A waiting call that is given up: for the history (as node `tools`), which would be invalid without an answer to
 * it, and for the user.
 */
export function refusal(
  call: { toolCallId: string; actionType: string },
  status: "superseded" | "cancelled",
  language: Language,
): { message: ToolMessage; text: string } {
  return {
    message: refusalMessage({ id: call.toolCallId, name: call.actionType }, { status }),
    text: refusalText({ status }, language),
  };
}

/** What the agent had said when it was cut off, for the history (as node `agent`). */
export function partialAnswer({ messageId, text }: { messageId: string; text: string }): AIMessage {
  return new AIMessage({ id: messageId, content: text });
}
