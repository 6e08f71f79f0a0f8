import { isDeepStrictEqual } from "node:util";
import {
  NotSerializableError,
  UnknownFormatError,
} from "@aura-platform/checkpoint-redis/serializer/errors.ts";
import {
  CheckpointSerializer,
  InMemorySerializer,
  SERIALIZER_FORMAT,
} from "@aura-platform/checkpoint-redis/serializer/serializer.ts";
import {
  AIMessage,
  AIMessageChunk,
  type BaseMessage,
  ChatMessage,
  ChatMessageChunk,
  FunctionMessage,
  FunctionMessageChunk,
  HumanMessage,
  HumanMessageChunk,
  RemoveMessage,
  SystemMessage,
  SystemMessageChunk,
  ToolMessage,
  ToolMessageChunk,
} from "@langchain/core/messages";
import { Send } from "@langchain/langgraph";
import { DeltaSnapshot } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOSTILE } from "../../../helpers/hostile-json.ts";
import { RICH_VALUES } from "../rich-values.ts";

const serializer = new CheckpointSerializer();
const stored = async (value: unknown) => {
  const [type, data] = await serializer.dumpsTyped(value);
  expect(type).toBe(SERIALIZER_FORMAT);
  return serializer.loadsTyped(type, data);
};

const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };
const call = { type: "tool_call" as const, id: "call_0", name: "mail", args: { to: ["a"], lc: 1 } };
const invalid = { type: "invalid_tool_call" as const, id: "call_1", name: "mail", args: "{", error: "cut" };
const common = {
  id: "m1",
  name: "somebody",
  content: [{ type: "text", text: "안녕" }],
  additional_kwargs: { lc: 1, nested: { $: "map" } },
  response_metadata: { model: "m", "": 0 },
};
// LangChain's types allow no usage here.
const answer: any = { ...common, tool_calls: [call], invalid_tool_calls: [invalid], usage_metadata: usage };
const chunks = [{ type: "tool_call_chunk" as const, index: 0, id: "call_0", name: "mail", args: '{"to":' }];

const MESSAGES: BaseMessage[] = [
  new HumanMessage(common),
  new HumanMessage("words alone"),
  new HumanMessageChunk(common),
  new AIMessage(answer),
  new AIMessage({ content: "", additional_kwargs: { tool_calls: [] } }),
  new AIMessageChunk(answer),
  new AIMessageChunk({ ...answer, tool_call_chunks: chunks }),
  new SystemMessage(common),
  new SystemMessageChunk(common),
  new ToolMessage({ ...common, tool_call_id: "call_0", status: "error", artifact: new Map([[1, null]]) }),
  new ToolMessageChunk({ ...common, tool_call_id: "call_0" }),
  new FunctionMessage({ ...common, name: "f" }),
  new FunctionMessageChunk({ ...common, name: "f" }),
  new ChatMessage({ ...common, role: "critic" }),
  new ChatMessageChunk({ ...common, role: "critic" }),
  new RemoveMessage({ id: "m1" }),
];

/** What a message holds, whatever its constructor was given. */
const heldBy = ({ lc_kwargs: _, ...held }: any) => held;

describe("what comes back", () => {
  test.each(Object.entries(RICH_VALUES))("%s", async (_, value) => {
    expect(await stored(value)).toStrictEqual(value);
  });

  test.each(MESSAGES.map((message): [string, BaseMessage] => [message.constructor.name, message]))(
    "%s, field by field",
    async (_, message) => {
      const found: any = await stored(message);
      expect(Object.getPrototypeOf(found)).toBe(Object.getPrototypeOf(message));
      expect(heldBy(found)).toStrictEqual(heldBy(message));
    },
  );

  test("a subclass of a message as the message that it extends", async () => {
    class Special extends HumanMessage {}
    const found = await stored(new Special("hi"));
    expect(Object.getPrototypeOf(found)).toBe(HumanMessage.prototype);
  });

  test("the types that JSON does not have", async () => {
    const values = {
      date: new Date(5),
      noDate: new Date(Number.NaN),
      buffer: Uint8Array.from([1, 2]),
      delta: new DeltaSnapshot([new Set([1])]),
      none: undefined,
      list: [undefined, null],
      map: new Map<unknown, unknown>([[{ $: 1 }, new HumanMessage("in a map")]]),
    };
    expect(await stored(values)).toStrictEqual(values);
    expect(await stored(undefined)).toBeUndefined();
    expect(await stored(new TypeError("wrong"))).toMatchObject({ name: "TypeError", message: "wrong" });
    expect(await stored({ f: () => 1, s: Symbol("s"), list: [() => 1] })).toStrictEqual({ list: [null] });
    expect(await stored(() => 1)).toBeUndefined();
  });

  test("a Send as LangGraph reads it, its arguments as they were", async () => {
    expect(await stored([new Send("tools", { $: "x" })])).toStrictEqual([
      { node: "tools", args: { $: "x" } },
    ]);
  });
});

describe("data that looks like something else", () => {
  test.each(Object.entries(HOSTILE))("stays data: %s", async (_, value) => {
    const found = await stored({ context: value, deep: [[value]], message: asArguments(value) });
    expect(isDeepStrictEqual(found, { context: value, deep: [[value]], message: asArguments(value) })).toBe(
      true,
    );
  });

  test("whatever its keys, anywhere, in whatever it is mixed with", async () => {
    await fc.assert(
      fc.asyncProperty(mixed, async (value) => {
        // toStrictEqual takes an own key `constructor` for the value's class.
        expect(isDeepStrictEqual(await stored(value), value)).toBe(true);
        expect(({} as any).polluted).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  test("our own marks too, a thousand times over", async () => {
    let value: unknown = { $: "message", kind: "HumanMessage", fields: { content: "x" } };
    for (let times = 0; times < 5; times += 1) {
      const [, data] = await serializer.dumpsTyped(value);
      value = JSON.parse(new TextDecoder().decode(data));
      expect(await stored(value)).toStrictEqual(value);
    }
  });
});

describe("what is refused", () => {
  test("a BigInt, what is too deep, and what refers to itself", async () => {
    const itself: Record<string, unknown> = {};
    itself.again = [itself];
    for (const value of [1n, { deep: [1n] }, new Map([[1, 2n]]), nested(1_002), itself]) {
      await expect(serializer.dumpsTyped(value)).rejects.toBeInstanceOf(NotSerializableError);
    }
    expect(await stored(nested(1_000))).toStrictEqual(nested(1_000));
  });

  test("formats and marks of a newer version, and damaged text", async () => {
    const load = (text: string, type: string = SERIALIZER_FORMAT) =>
      serializer.loadsTyped(type, Buffer.from(text));
    await expect(load("{}", "aura2")).rejects.toBeInstanceOf(UnknownFormatError);
    await expect(load('{"$":"tensor","value":[]}')).rejects.toBeInstanceOf(UnknownFormatError);
    await expect(load('{"$":"message","kind":"Tool","fields":{}}')).rejects.toBeInstanceOf(
      UnknownFormatError,
    );
    await expect(load('{"$":"message","kind":"ToolMessage","fields":{}}')).rejects.toThrow();
    await expect(load('{"$":')).rejects.toBeInstanceOf(SyntaxError);
  });
});

test("in memory the type is not asked for", async () => {
  const inMemory = new InMemorySerializer();
  const value = { bytes: new Uint8Array([1]), x: HOSTILE["a class of LangChain's"] };
  const [, data] = await inMemory.dumpsTyped(value);
  expect(await inMemory.loadsTyped("json", data)).toStrictEqual(value);
  const [, bytes] = await inMemory.dumpsTyped(new Uint8Array([7]));
  expect(await inMemory.loadsTyped("json", bytes)).toStrictEqual(new Uint8Array([7]));
});

function asArguments(value: unknown): AIMessage {
  const args = { to: value };
  return new AIMessage({
    id: "m",
    content: "",
    tool_calls: [{ type: "tool_call", id: "c", name: "t", args }],
  });
}

function nested(levels: number): unknown {
  let value: unknown = "bottom";
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

/** JSON with the keys that somebody could take for a mark. */
const key = fc.oneof(
  fc.constantFrom("lc", "type", "id", "kwargs", "args", "__proto__", "constructor", "prototype", "toJSON"),
  fc.constantFrom("$", "$$", "$$$", "$x", "value", "kind", "fields", "__lc_escaped__", "lg_name", "node"),
  fc.string({ maxLength: 4 }),
);
const scalar = fc.oneof(
  fc.constantFrom<unknown>(1, 2, null, true, "constructor", "secret", "not_implemented", "undefined", "map"),
  fc.constantFrom("message", "HumanMessage", "Send", "Command", "polluted"),
  fc.string(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
);
const { mixed } = fc.letrec<{ mixed: unknown }>((tie) => ({
  mixed: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    scalar,
    fc.array(tie("mixed"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("mixed")), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
    fc.array(fc.tuple(tie("mixed"), tie("mixed")), { maxLength: 2 }).map((entries) => new Map(entries)),
    fc.array(tie("mixed"), { maxLength: 2 }).map((each) => new Set(each)),
    tie("mixed").map(asArguments),
    fc.uint8Array({ maxLength: 3 }),
    fc.constant(undefined),
  ),
}));
