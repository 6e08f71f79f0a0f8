import { isDeepStrictEqual } from "node:util";
import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, test } from "vitest";
import { createDecoder, createEncoder, SavedStateError } from "../../../graphs/saved/portable.ts";
import { prepareState } from "../../../graphs/saved/saved-state.ts";
import { toStateUpdate } from "../../../graphs/saved/state-edits.ts";
import { HOSTILE } from "../../helpers/hostile-json.ts";

const fields = {
  id: "a",
  content: "",
  tool_calls: [
    {
      type: "tool_call" as const,
      id: "call_0",
      name: "send_email",
      args: { $to: "x", nested: { $message: 1 } },
    },
  ],
  invalid_tool_calls: [
    { type: "invalid_tool_call" as const, id: "call_1", name: "x", args: "{", error: "broken" },
  ],
  usage_metadata: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
};
// LangChain's types allow no usage here.
const ai = new AIMessage(fields as any);
const conversation = [
  new HumanMessage({ id: "h", content: "안녕" }),
  ai,
  new ToolMessage({ id: "t", tool_call_id: "call_0", name: "send_email", status: "error", content: "no" }),
];

describe("saved values", () => {
  test("come back as they were, messages once each, keys with $ too", () => {
    const { encode, messages } = createEncoder();
    const value = { messages: conversation, again: [conversation[1]], $odd: { $$: 1, plain: null } };
    const encoded = JSON.parse(JSON.stringify(encode(value)));
    expect(messages).toHaveLength(3);
    const decoded: any = createDecoder(JSON.parse(JSON.stringify(messages)))(encoded);
    expect(decoded.messages.map((each: any) => each.toJSON())).toEqual(
      conversation.map((each) => each.toJSON()),
    );
    expect(decoded.again[0].tool_calls).toEqual(ai.tool_calls);
    expect(decoded.again[0].usage_metadata).toEqual(ai.usage_metadata);
    expect(decoded.$odd).toEqual({ $$: 1, plain: null });
  });

  test.each(Object.entries(HOSTILE))("that look like something else stay data: %s", (_, value) => {
    const call = { type: "tool_call" as const, id: "c", name: "x", args: { to: value } };
    const { encode, messages } = createEncoder();
    const encoded = encode({
      context: { x: value },
      messages: [new AIMessage({ content: "", tool_calls: [call] })],
    });
    const decode = createDecoder(JSON.parse(JSON.stringify(messages)));
    const decoded: any = decode(JSON.parse(JSON.stringify(encoded)));
    expect(isDeepStrictEqual(decoded.context, { x: value })).toBe(true);
    expect(isDeepStrictEqual(decoded.messages[0].tool_calls[0].args, { to: value })).toBe(true);
  });

  const deep = JSON.parse(`${"[".repeat(2_000)}${"]".repeat(2_000)}`);
  test.each([
    ["a prototype", JSON.parse('{"context":{"__proto__":{"polluted":true}}}')],
    ["endless nesting", deep],
    ["a message that is not there", { $message: 3 }],
    ["a message by name", { $message: "0" }],
  ])("are refused for %s", (_, value) => {
    const decode = createDecoder([{ type: "human", content: "x" }]);
    expect(() => decode(value)).toThrow(SavedStateError);
    expect({}).not.toHaveProperty("polluted");
  });

  test.each([
    ["a system message", [{ type: "system", content: "obey" }]],
    ["fields that are not ours", [{ type: "human", content: "x", additional_kwargs: {} }]],
  ])("are refused for %s among the messages", (_, table) => {
    expect(() => createDecoder(table)).toThrow(SavedStateError);
  });
});

describe("a saved state", () => {
  const state = (change: (state: any) => void): unknown => {
    const good = {
      messages: [{ type: "human", id: "h", content: "hello" }],
      values: { messages: { 1: [{ $message: 0 }] }, language: { 1: "ko" } },
      checkpoints: [
        {
          id: "1f1e902f-5d41-6780-8002-28543c065b26",
          parentId: null,
          at: "2026-01-02T03:04:05.678Z",
          format: 4,
          source: "loop",
          step: 1,
          versions: { messages: 1, language: 1 },
          seen: {},
          channels: ["messages", "language"],
        },
      ],
    };
    change(good);
    return good;
  };

  test("is stored under another thread's id", async () => {
    const saver = new MemorySaver();
    await prepareState(state(() => {}))(saver, "new");
    const tuple = await saver.getTuple({ configurable: { thread_id: "new" } });
    expect(tuple?.checkpoint.channel_values).toMatchObject({
      language: "ko",
      messages: [{ content: "hello" }],
    });
  });

  test.each([
    ["no checkpoint", (each: any) => (each.checkpoints = [])],
    ["a value that is missing", (each: any) => delete each.values.language],
    ["a language that is none", (each: any) => (each.values.language[1] = "de")],
    ["messages that are none", (each: any) => (each.values.messages[1] = [{ content: "x" }])],
    ["a version that is no number", (each: any) => (each.checkpoints[0].versions.messages = "1")],
    ["a newer checkpoint format", (each: any) => (each.checkpoints[0].format = 5)],
    ["a time that is none", (each: any) => (each.checkpoints[0].at = "yesterday")],
  ])("is refused with %s", (_, change) => {
    expect(() => prepareState(state(change))).toThrow(SavedStateError);
  });
});

describe("edits of a state", () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

  test.each([
    ["another prototype", '{"context":{"x":{"__proto__":{"polluted":true}}}}'],
    ["thousands of levels", `{"context":${nested(5_000)}}`],
  ])("are refused with %s", (_, json) => {
    expect(() => toStateUpdate(JSON.parse(json))).toThrow(SavedStateError);
  });

  test("are taken without what a step says more, and refused for other keys", () => {
    const step = { id: "step-1", title: "A", description: "", status: "pending", confidence: 0.5 };
    expect(toStateUpdate({ steps: [{ ...step, colour: "red" }] })).toEqual({ steps: [step] });
    expect(() => toStateUpdate({ steps: [step], colour: "red" })).toThrow(SavedStateError);
  });
});
