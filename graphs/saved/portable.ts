import { AIMessage, BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { z } from "zod";

/**
 * A saved state that cannot be imported: malformed, or not what our graph writes. The message names the
 * place, never the value.
 */
export class SavedStateError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "SavedStateError";
  }
}

const args = z.record(z.string(), z.unknown());
const toolCall = z.object({ id: z.string().exactOptional(), name: z.string(), args });
const invalidCall = z.object({
  id: z.string().exactOptional(),
  name: z.string().exactOptional(),
  args: z.string().exactOptional(),
  error: z.string().exactOptional(),
});
const usage = z.object({
  input_tokens: z.number().min(0),
  output_tokens: z.number().min(0),
  total_tokens: z.number().min(0),
});
/** Text, or the content blocks that a multimodal client sends. */
const content = z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]);

/** The messages that a thread can hold, as JSON. */
const message = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("human"), id: z.string().exactOptional(), content }),
  z.strictObject({
    type: z.literal("ai"),
    id: z.string().exactOptional(),
    content,
    toolCalls: z.array(toolCall).exactOptional(),
    invalidToolCalls: z.array(invalidCall).exactOptional(),
    usage: usage.exactOptional(),
  }),
  z.strictObject({
    type: z.literal("tool"),
    id: z.string().exactOptional(),
    content,
    toolCallId: z.string(),
    name: z.string().exactOptional(),
    status: z.enum(["success", "error"]).exactOptional(),
  }),
]);

type PortableMessage = z.infer<typeof message>;

/** Far above any state of ours; a hostile document must not exhaust the stack. */
const MAX_DEPTH = 500;

/**
 * Turns channel values into JSON and back. Each message is kept once, in a table, and referred to as
 * `{"$message": n}`, since a thread's checkpoints repeat all earlier ones. Only messages are rebuilt as
 * objects, field by field: everything else in a document stays data, also what LangChain's own loader would
 * take for the name of a class.
 */
export function createEncoder() {
  const table: PortableMessage[] = [];
  const known = new Map<string, number>();

  const intern = (value: BaseMessage): { $message: number } => {
    const portable = toPortable(value);
    const text = JSON.stringify(portable);
    const at = known.get(text) ?? table.push(portable) - 1;
    known.set(text, at);
    return { $message: at };
  };

  const encode = (value: unknown): unknown => {
    if (BaseMessage.isInstance(value)) return intern(value);
    if (Array.isArray(value)) return value.map(encode);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key.startsWith("$") ? `$${key}` : key, encode(each)]),
    );
  };
  return { encode, messages: table };
}

/**
 * @param table the document's messages, which are checked here
 * @throws SavedStateError
 */
export function createDecoder(table: unknown): (value: unknown) => unknown {
  refuseHostile(table);
  const parsed = z.array(message).safeParse(table);
  if (!parsed.success) throw new SavedStateError("messages are malformed", parsed.error);
  const decode = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(decode);
    if (typeof value !== "object" || value === null) return value;
    if ("$message" in value) return referred(parsed.data, value.$message);
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key.startsWith("$$") ? key.slice(1) : key, decode(each)]),
    );
  };
  return (value) => {
    refuseHostile(value);
    return decode(value);
  };
}

/**
 * Names of classes and the like are only data here: no reader of ours makes objects of them. The only key
 * that is refused is the one that would set a prototype when it is assigned.
 *
 * @throws SavedStateError for what no state of ours holds
 */
export function refuseHostile(value: unknown, depth = 0): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) throw new SavedStateError("values nest too deep");
  if (Object.hasOwn(value, "__proto__")) throw new SavedStateError("an object has the key __proto__");
  for (const each of Object.values(value)) refuseHostile(each, depth + 1);
}

function referred(messages: readonly PortableMessage[], index: unknown): BaseMessage {
  const found = typeof index === "number" ? messages[index] : undefined;
  if (found === undefined) throw new SavedStateError("a message is referred to that is not there");
  return fromPortable(found);
}

/** @throws SavedStateError for a message that our graph does not write */
export function toPortable(value: BaseMessage): PortableMessage {
  const base = { ...(value.id === undefined ? {} : { id: value.id }), content: value.content };
  const parsed = message.safeParse(clean({ ...base, ...fieldsOf(value) }));
  if (parsed.success) return parsed.data;
  throw new SavedStateError(`a message of type ${value.type} cannot be exported`, parsed.error);
}

function fieldsOf(value: BaseMessage) {
  if (HumanMessage.isInstance(value)) return { type: "human" };
  if (ToolMessage.isInstance(value)) {
    return { type: "tool", toolCallId: value.tool_call_id, name: value.name, status: value.status };
  }
  if (!AIMessage.isInstance(value)) return { type: value.type };
  return {
    type: "ai",
    toolCalls: value.tool_calls?.map(({ id, name, args }) => ({ id, name, args })),
    invalidToolCalls: value.invalid_tool_calls?.map(({ id, name, args, error }) => ({
      id,
      name,
      args,
      error,
    })),
    usage: value.usage_metadata,
  };
}

/** Without what is undefined or empty, as JSON has it. */
function clean(value: object): unknown {
  const kept = Object.entries(value).filter(([, each]) => !Array.isArray(each) || each.length > 0);
  return JSON.parse(JSON.stringify(Object.fromEntries(kept)));
}

export function fromPortable(portable: PortableMessage): BaseMessage {
  const { id, content: said } = portable;
  const base = { content: said, ...(id === undefined ? {} : { id }) };
  switch (portable.type) {
    case "human":
      return new HumanMessage(base);
    case "tool": {
      const { toolCallId, name, status } = portable;
      const fields = { ...base, tool_call_id: toolCallId, ...(name === undefined ? {} : { name }) };
      return new ToolMessage(status === undefined ? fields : { ...fields, status });
    }
    case "ai": {
      const { toolCalls = [], invalidToolCalls = [], usage: used } = portable;
      const fields = {
        ...base,
        tool_calls: toolCalls.map((call) => ({ ...call, type: "tool_call" as const })),
        invalid_tool_calls: invalidToolCalls.map((call) => ({ ...call, type: "invalid_tool_call" as const })),
      };
      // As in saved-answer.ts: LangChain's types allow no usage here.
      if (used !== undefined) Object.assign(fields, { usage_metadata: used });
      return new AIMessage(fields);
    }
  }
}
