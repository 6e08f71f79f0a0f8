import { isDeepStrictEqual } from "node:util";
import { CheckpointSerializer } from "@aura-platform/checkpoint-redis/serializer/serializer.ts";
import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { DeltaSnapshot, JsonPlusSerializer } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOSTILE } from "../../../helpers/hostile-json.ts";
import { RICH_VALUES } from "../rich-values.ts";

const before = new JsonPlusSerializer();
const serializer = new CheckpointSerializer();
const readOld = async (value: unknown) => {
  const [type, data] = await before.dumpsTyped(value);
  return serializer.loadsTyped(type, data);
};
/** What the closed list makes of it, and `lg_name`, which the old serializer did not store; the rest must stay data. */
const INERT_TYPES = [
  "a Send",
  "a message",
  "a Set",
  "a Map",
  "a RegExp",
  "an Error",
  "undefined ",
  "a delta",
];

describe("records of before", () => {
  test.each(Object.entries({ ...RICH_VALUES, delta: new DeltaSnapshot([1]), none: undefined }))(
    "come back: %s",
    async (_, value) => {
      expect(await readOld(value)).toStrictEqual(value);
    },
  );

  test.each(Object.entries(HOSTILE).filter(([name]) => !INERT_TYPES.includes(name)))(
    "stay data in a context: %s",
    async (_, value) => {
      expect(isDeepStrictEqual(await readOld({ x: [value] }), { x: [value] })).toBe(true);
    },
  );

  test.each(Object.entries(HOSTILE))(
    "stay data in arguments, where they were escaped: %s",
    async (name, value) => {
      if (name === "a Send") return;
      const calls = [{ type: "tool_call" as const, id: "c", name: "t", args: { to: [value] } }];
      const found = await readOld([new AIMessage({ id: "a", content: "", tool_calls: calls })]);
      expect(isDeepStrictEqual(found, [new AIMessage({ id: "a", content: "", tool_calls: calls })])).toBe(
        true,
      );
    },
  );

  test.each([
    ["content that is none", { content: 5 }],
    ["calls that are none", { content: "", tool_calls: [null] }],
    ["no tool call id", { content: "" }],
  ])("with a message of %s are data", async (_, kwargs) => {
    const name = "tool_calls" in kwargs || kwargs.content === 5 ? "AIMessage" : "ToolMessage";
    const value = { lc: 1, type: "constructor", id: ["langchain_core", "messages", name], kwargs };
    expect(await readOld(value)).toEqual(value);
  });

  test("never become anything but a message or one of the plain types", async () => {
    const id = fc.array(
      fc.constantFrom("langchain_core", "messages", "HumanMessage", "Set", "Object", "__proto__"),
    );
    const record = fc.record(
      {
        lc: fc.constantFrom<unknown>(1, 2, "1"),
        type: fc.constantFrom("constructor", "secret", "not_implemented", "undefined"),
        id,
        kwargs: fc.constantFrom<unknown>({}, { content: "x" }, null, 1),
        args: fc.constantFrom<unknown>([], [[1]], ["("], null),
      },
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(record, async (value) => {
        const found: any = await serializer.loadsTyped("json", JSON.stringify({ found: value }));
        const alive = [HumanMessage, Set].some((each) => found.found instanceof each);
        expect(alive || found.found === undefined || isDeepStrictEqual(found.found, value)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("of bytes, and of a tool's message", async () => {
    const message = new ToolMessage({ content: "x", tool_call_id: "c", status: "error", name: "t" });
    expect(await readOld(message)).toStrictEqual(message);
    expect(await serializer.loadsTyped("bytes", new Uint8Array([1]))).toEqual(new Uint8Array([1]));
  });
});
