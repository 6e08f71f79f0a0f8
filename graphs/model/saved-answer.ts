import { randomUUID } from "node:crypto";
import { AIMessage, type BaseMessage, type InvalidToolCall, type ToolCall } from "@langchain/core/messages";
import { cut } from "../../tools/cut.ts";
import { isToolName, usableToolName } from "../../tools/tool-name.ts";
import type { ServedAnswer } from "./converse.ts";
import { keptFields, withKept } from "./kept-fields.ts";
import type { RequestedCall } from "./tool-call-stream.ts";

/** How much of malformed arguments is kept and shown, in characters. */
const MAX_MALFORMED = 1_000;

/** The key under which a message keeps how many calls its last one stands for. */
const DROPPED = "dropped_calls";

/**
 * An answer as the history keeps it, in a form that every provider takes back. Calls that cannot be made stay
 * in it with empty arguments and a valid name; `invalid_tool_calls` keeps what the model wrote, and what is
 * wrong with it.
 */
export function savedAnswer(id: string, answer: ServedAnswer, history: readonly BaseMessage[]): AIMessage {
  const calls = withDistinctIds(answer.calls, history).map(withUsableName);
  const dropped = calls.at(-1)?.dropped;
  const fields = {
    id,
    content: answer.text,
    tool_calls: calls.map(({ id, name, args }): ToolCall => ({ type: "tool_call", id, name, args })),
    invalid_tool_calls: calls.flatMap(({ id, name, malformed }): InvalidToolCall[] => {
      if (malformed === undefined) return [];
      const args = cut(malformed.text, MAX_MALFORMED).toWellFormed();
      return [{ type: "invalid_tool_call", id, name, args, error: malformed.problem }];
    }),
    additional_kwargs: {
      ...(dropped === undefined ? {} : { [DROPPED]: dropped }),
      ...withKept(keptFields(answer.server.id, answer.kept, calls)),
    },
  };
  // LangChain's types allow no usage here (they infer `undefined`), though its messages carry it.
  if (answer.usage !== undefined) Object.assign(fields, { usage_metadata: answer.usage });
  return new AIMessage(fields);
}

/**
 * How many calls the last one stands for; 1 where the message does not say (a saved thread that was edited or
 * came from elsewhere).
 */
export function droppedOf(message: AIMessage): number {
  const dropped: unknown = message.additional_kwargs[DROPPED];
  return typeof dropped === "number" ? dropped : 1;
}

/**
 * A call with an invalid name is not made, even if the name made of it is that of a tool: the model is told
 * instead.
 */
function withUsableName(call: RequestedCall): RequestedCall {
  if (isToolName(call.name)) return call;
  const written = cut(call.name, 100).toWellFormed();
  const problem = `${JSON.stringify(written)} is not the name of a tool (letters, digits, _ and -)`;
  return {
    ...call,
    name: usableToolName(call.name),
    args: {},
    malformed: call.malformed ?? { text: JSON.stringify(call.args), problem },
  };
}

/**
 * Gives every call an id that no other call has: some servers number calls from 0 in every turn, or send no
 * id.
 */
function withDistinctIds(calls: readonly RequestedCall[], history: readonly BaseMessage[]): RequestedCall[] {
  const used = new Set(
    history
      .flatMap((message) => (AIMessage.isInstance(message) ? (message.tool_calls ?? []) : []))
      .map(({ id }) => id),
  );
  return calls.map((call) => {
    const given = call.id.toWellFormed();
    const id = given === "" || used.has(given) ? `call_${randomUUID().replaceAll("-", "")}` : given;
    used.add(id);
    return { ...call, id };
  });
}
