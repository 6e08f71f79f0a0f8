import {
  AIMessage,
  AIMessageChunk,
  type BaseMessage,
  ChatMessage,
  ChatMessageChunk,
  type ContentBlock,
  FunctionMessage,
  FunctionMessageChunk,
  HumanMessage,
  HumanMessageChunk,
  type InvalidToolCall,
  RemoveMessage,
  SystemMessage,
  SystemMessageChunk,
  type ToolCall,
  type ToolCallChunk,
  ToolMessage,
  ToolMessageChunk,
  type UsageMetadata,
} from "@langchain/core/messages";
import { z } from "zod";
import { NotSerializableError } from "./errors.ts";
import { type DataObject, isDataObject } from "./marks.ts";

/** Everything that a message of any kind can hold. What it does not have is not stored. */
const FIELDS = [
  "id",
  "name",
  "content",
  "additional_kwargs",
  "response_metadata",
  "tool_calls",
  "invalid_tool_calls",
  "tool_call_chunks",
  "usage_metadata",
  "tool_call_id",
  "status",
  "artifact",
  "metadata",
  "role",
] as const;

/**
 * Empty is what the constructors set anyway. (Not so for empty tool_calls: AIMessage then looks for calls
 * elsewhere.)
 */
const DEFAULT_EMPTY = new Set<string>(["additional_kwargs", "response_metadata"]);

/**
 * Checked and passed on as they are: a copy would lose keys like `__proto__`, which arguments of a model can
 * have.
 */
const dictionary = z.custom<DataObject>(isDataObject);
const block = z.custom<ContentBlock>((value) => isDataObject(value) && typeof value.type === "string");
const call = z.custom<ToolCall>(
  (value) => isDataObject(value) && typeof value.name === "string" && isDataObject(value.args),
);
const invalidCall = z.custom<InvalidToolCall>(isDataObject);
const callChunk = z.custom<ToolCallChunk>(isDataObject);
const usage = z.custom<UsageMetadata>(isDataObject);

const base = z.object({
  content: z.union([z.string(), z.array(block)]),
  id: z.string().exactOptional(),
  name: z.string().exactOptional(),
  additional_kwargs: dictionary.exactOptional(),
  response_metadata: dictionary.exactOptional(),
});
const ai = base.extend({
  tool_calls: z.array(call).exactOptional(),
  invalid_tool_calls: z.array(invalidCall).exactOptional(),
  usage_metadata: usage.exactOptional(),
});
const aiChunk = ai.extend({ tool_call_chunks: z.array(callChunk).exactOptional() });
const tool = base.extend({
  tool_call_id: z.string(),
  status: z.enum(["success", "error"]).exactOptional(),
  artifact: z.unknown().exactOptional(),
  metadata: dictionary.exactOptional(),
});
const named = base.extend({ name: z.string() });
const chat = base.extend({ role: z.string() });
const removal = z.object({ id: z.string() });

/** A message of one kind from its fields; undefined when they are not such a message's. */
type Build = (fields: unknown) => BaseMessage | undefined;

function builder<T>(schema: z.ZodType<T>, build: (fields: T) => BaseMessage): Build {
  return (fields) => {
    const parsed = schema.safeParse(fields);
    return parsed.success ? build(parsed.data) : undefined;
  };
}

/** The closed list of what a stored message can become: its name, its class, and how it is built. */
const KINDS: [name: string, prototype: BaseMessage, build: Build][] = [
  ["HumanMessage", HumanMessage.prototype, builder(base, (fields) => new HumanMessage(fields))],
  [
    "HumanMessageChunk",
    HumanMessageChunk.prototype,
    builder(base, (fields) => new HumanMessageChunk(fields)),
  ],
  ["AIMessage", AIMessage.prototype, builder(ai, buildAnswer)],
  ["AIMessageChunk", AIMessageChunk.prototype, builder(aiChunk, buildAnswerChunk)],
  ["SystemMessage", SystemMessage.prototype, builder(base, (fields) => new SystemMessage(fields))],
  [
    "SystemMessageChunk",
    SystemMessageChunk.prototype,
    builder(base, (fields) => new SystemMessageChunk(fields)),
  ],
  ["ToolMessage", ToolMessage.prototype, builder(tool, (fields) => new ToolMessage(fields))],
  ["ToolMessageChunk", ToolMessageChunk.prototype, builder(tool, (fields) => new ToolMessageChunk(fields))],
  ["FunctionMessage", FunctionMessage.prototype, builder(named, (fields) => new FunctionMessage(fields))],
  [
    "FunctionMessageChunk",
    FunctionMessageChunk.prototype,
    builder(named, (fields) => new FunctionMessageChunk(fields)),
  ],
  ["ChatMessage", ChatMessage.prototype, builder(chat, (fields) => new ChatMessage(fields))],
  ["ChatMessageChunk", ChatMessageChunk.prototype, builder(chat, (fields) => new ChatMessageChunk(fields))],
  ["RemoveMessage", RemoveMessage.prototype, builder(removal, (fields) => new RemoveMessage(fields))],
];

const NAMES = new Map<unknown, string>(KINDS.map(([name, prototype]) => [prototype, name]));
const BUILDERS = new Map(KINDS.map(([name, , build]) => [name, build]));

/**
 * The name of the message's class, or of the one that it extends.
 *
 * @throws NotSerializableError for a message that extends none of LangChain's
 */
export function messageKind(message: BaseMessage): string {
  let prototype: unknown = Object.getPrototypeOf(message);
  while (prototype !== null) {
    const name = NAMES.get(prototype);
    if (name !== undefined) return name;
    prototype = Object.getPrototypeOf(prototype);
  }
  throw new NotSerializableError("a message of this class cannot be stored");
}

/** What the message holds. */
export function messageFields(message: BaseMessage): DataObject {
  const held: DataObject = {};
  for (const field of FIELDS) {
    const value: unknown = Reflect.get(message, field);
    if (value === undefined || value === null || (DEFAULT_EMPTY.has(field) && isEmpty(value))) continue;
    held[field] = value;
  }
  return held;
}

/** @returns undefined when there is no such kind, or these are not its fields */
export function buildMessage(kind: string, fields: DataObject): BaseMessage | undefined {
  return BUILDERS.get(kind)?.(fields);
}

/** LangChain's types allow no usage here (they infer `never`), though its messages carry it. */
function buildAnswer({ usage_metadata, ...fields }: z.infer<typeof ai>): BaseMessage {
  if (usage_metadata !== undefined) Object.assign(fields, { usage_metadata });
  return new AIMessage(fields);
}

/** Its constructor makes the calls anew out of the chunks, or forgets them: what was stored counts. */
function buildAnswerChunk({ usage_metadata, ...fields }: z.infer<typeof aiChunk>): BaseMessage {
  if (usage_metadata !== undefined) Object.assign(fields, { usage_metadata });
  const { tool_calls = [], invalid_tool_calls = [] } = fields;
  return Object.assign(new AIMessageChunk(fields), { tool_calls, invalid_tool_calls });
}

function isEmpty(value: unknown): boolean {
  return isDataObject(value) && Object.keys(value).length === 0;
}
