import {
  AIMessage,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { wellFormed } from "../../tools/cut.ts";
import { isToolName, usableToolName } from "../../tools/tool-name.ts";
import { keptAfresh } from "./kept-fields.ts";

/** Content of messages that have none: many providers refuse an empty one. */
const SAYS_NOTHING = Object.freeze({ human: "(empty message)", ai: "(no answer)", tool: "(no result)" });

/**
 * Messages in a form that every provider takes, whatever a saved thread holds: valid names of tools, an id
 * for each call that no other call has, well-formed Unicode, and no message without content. Each call must
 * be followed by its answer. A message that is fine is returned unchanged.
 */
export function acceptable(messages: readonly BaseMessage[]): BaseMessage[] {
  const used = new Set<string>();
  let waiting: { id: string; name: string }[] = [];
  return messages.map((message, position) => {
    if (ToolMessage.isInstance(message)) return acceptableAnswer(message, waiting.shift());
    if (!AIMessage.isInstance(message)) return acceptableWords(message);
    const answer = acceptableTurn(message, { used, position });
    waiting = (answer.tool_calls ?? []).map(({ id = "", name }) => ({ id, name }));
    return answer;
  });
}

type Content = BaseMessage["content"];

/** The content without empty blocks, or `instead` when nothing is left. */
function contentOf({ content }: BaseMessage, instead: string): Content {
  const formed = wellFormed(content) as Content;
  if (typeof formed === "string") return formed.trim() === "" ? instead : formed;
  const blocks = formed.filter((block) => block.type !== "text" || String(block.text ?? "").trim() !== "");
  if (blocks.length === formed.length && formed.length > 0) return formed;
  return blocks.length === 0 ? instead : blocks;
}

function acceptableWords(message: BaseMessage): BaseMessage {
  const content = contentOf(message, SAYS_NOTHING.human);
  if (content === message.content) return message;
  const fields = { content, ...(message.id === undefined ? {} : { id: message.id }) };
  return SystemMessage.isInstance(message) ? new SystemMessage(fields) : new HumanMessage(fields);
}

function acceptableAnswer(message: ToolMessage, call: { id: string; name: string } | undefined): ToolMessage {
  const content = contentOf(message, SAYS_NOTHING.tool);
  const id = call?.id ?? message.tool_call_id;
  // Some providers want to know whose answer it is.
  const name = call?.name ?? message.name;
  if (content === message.content && id === message.tool_call_id && name === message.name) return message;
  const fields = { content, tool_call_id: id, ...(name === undefined ? {} : { name }) };
  return new ToolMessage(message.status === undefined ? fields : { ...fields, status: message.status });
}

function acceptableTurn(message: AIMessage, at: { used: Set<string>; position: number }): AIMessage {
  const before = message.tool_calls ?? [];
  const calls = before.map((call, place) => acceptableCall(call, at, place));
  const hasCalls = calls.length > 0;
  const isSilent = hasCalls && message.content === "";
  const content = isSilent ? "" : contentOf(message, hasCalls ? "" : SAYS_NOTHING.ai);
  const additional_kwargs = keptAfresh(message.additional_kwargs);
  const isSame =
    content === message.content &&
    additional_kwargs === message.additional_kwargs &&
    calls.every((call, place) => call === before[place]);
  if (isSame) return message;
  return new AIMessage({
    content,
    tool_calls: calls,
    additional_kwargs,
    ...(message.id === undefined ? {} : { id: message.id }),
  });
}

type Call = NonNullable<AIMessage["tool_calls"]>[number];

function acceptableCall(
  call: Call,
  { used, position }: { used: Set<string>; position: number },
  place: number,
): Call {
  const given = call.id?.toWellFormed() ?? "";
  // Made from its place: the same history has to read the same at every turn, for the caches of providers.
  const id = given === "" || used.has(given) ? `call_${position}_${place}_again` : given;
  used.add(id);
  const name = isToolName(call.name) ? call.name : usableToolName(call.name);
  const args = wellFormed(call.args) as Call["args"];
  return id === call.id && name === call.name && args === call.args ? call : { ...call, id, name, args };
}
