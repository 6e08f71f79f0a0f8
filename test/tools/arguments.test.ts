import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { mcpServers } from "../../src/mcp/settings.ts";
import { toAuraTools } from "../../src/mcp/tools.ts";
import { checkArguments } from "../../tools/arguments.ts";
import { currentTime } from "../../tools/current-time.ts";
import { recentEvents, searchKnowledge } from "../../tools/knowledge.ts";
import { listMyTasks } from "../../tools/list-my-tasks.ts";
import { sendEmail } from "../../tools/send-email.ts";

const taken = (schema: z.ZodObject, args: Record<string, unknown>) => checkArguments(schema, args).data;

describe("null for an optional argument of a tool of ours", () => {
  const nothing = { events: [], byWordsOnly: false, left: 0, incoming: false };
  const knowledge = { search: async () => nothing, recent: async () => nothing };
  const tools = [
    [sendEmail({ smtpUrl: undefined, from: "a@b.c" }), { to: "a@x.com", subject: "s", body: "b" }],
    [currentTime(), {}],
    [searchKnowledge(knowledge), { query: "q" }],
    [recentEvents(knowledge), {}],
    [listMyTasks({ list: async () => [] }), {}],
  ] as const;

  it.each(tools)("$0.name", ({ schema }, required) => {
    const shape: z.ZodObject["shape"] = schema.shape;
    const nulls = Object.keys(shape).filter((name) => !(name in required));
    expect(nulls).not.toEqual([]);
    const args = { ...required, ...Object.fromEntries(nulls.map((name) => [name, null])) };
    expect(taken(schema, args)).toEqual(required);
    // What has to be given has to be given.
    for (const name of Object.keys(required)) {
      expect(checkArguments(schema, { ...args, [name]: null }).error?.issues[0]?.path).toEqual([name]);
    }
    expect(checkArguments(schema, { ...args, invented: null }).success).toBe(false);
  });
});

const mcp = (inputSchema: Record<string, unknown>) => {
  const [server] = mcpServers.parse('{"far":{"url":"http://mcp/"}}');
  const never = { call: () => Promise.reject(new Error("not called")) };
  const [tool] = toAuraTools(
    server!,
    never,
    [{ name: "t", inputSchema: { type: "object", ...inputSchema } }],
    { leftOut: () => {}, unchecked: () => {} },
  );
  return tool!.schema;
};

describe("null for an optional argument of an MCP server's tool", () => {
  const text = { type: "string" };

  it.each<[string, Record<string, unknown>, Record<string, unknown>, Record<string, unknown> | undefined]>([
    ["is not given", { properties: { a: text, b: text } }, { a: "x", b: null }, { a: "x" }],
    [
      "is not given, of several",
      { properties: { a: text, b: text, c: { enum: ["x"] } } },
      { a: null, b: null, c: null },
      {},
    ],
    [
      "is null where the schema allows it",
      { properties: { a: { type: ["string", "null"] } } },
      { a: null },
      { a: null },
    ],
    [
      "is null where another schema allows it, beside one that is not given",
      { properties: { a: { anyOf: [text, { type: "null" }] }, b: text } },
      { a: null, b: null },
      { a: null },
    ],
    [
      "is null where nothing is said",
      { properties: { a: {} } },
      { a: null, other: null },
      { a: null, other: null },
    ],
    [
      "is not given within an object",
      { properties: { a: { properties: { b: text } } } },
      { a: { b: null, c: 1 } },
      { a: { c: 1 } },
    ],
    [
      "is not given within a list, through a reference",
      { properties: { a: { items: { $ref: "#/$defs/x" } } }, $defs: { x: { properties: { b: text } } } },
      { a: [{ b: "y" }, { b: null }] },
      { a: [{ b: "y" }, {}] },
    ],
    ["stays wrong when it is required", { properties: { a: text }, required: ["a"] }, { a: null }, undefined],
    ["stays wrong in a list", { properties: { a: { items: text } } }, { a: ["x", null] }, undefined],
    [
      "stays wrong within what is required",
      { properties: { a: { properties: { b: text }, required: ["b"] } } },
      { a: { b: null } },
      undefined,
    ],
  ])("%s", (_, schema, args, expected) => {
    const before = structuredClone(args);
    const parsed = checkArguments(mcp(schema), args);
    expect(parsed.data).toEqual(expected);
    expect(parsed.success).toBe(expected !== undefined);
    expect(args).toEqual(before);
  });

  it("is told as the model wrote it, when something else is wrong", () => {
    const { error } = checkArguments(mcp({ properties: { a: text }, required: ["b"] }), { a: null });
    expect(error?.issues[0]?.message).toContain('"b" is missing');
  });

  it("has a bound, however many there are", () => {
    const names = Array.from({ length: 1_000 }, (_, at) => `n${at}`);
    const schema = mcp({ properties: Object.fromEntries(names.map((name) => [name, text])) });
    expect(checkArguments(schema, Object.fromEntries(names.map((name) => [name, null]))).success).toBe(false);
    const some = Object.fromEntries(names.slice(0, 40).map((name) => [name, null]));
    expect(taken(schema, some)).toEqual({});
  });
});

describe("whatever the arguments", () => {
  const schema = mcp({
    properties: {
      a: { type: "string" },
      b: { type: ["number", "null"] },
      c: { properties: { d: { type: "string" } } },
    },
    required: ["b"],
  });
  const value = fc.oneof(
    fc.constant(null),
    fc.string(),
    fc.integer(),
    fc.record({ d: fc.oneof(fc.constant(null), fc.string()) }),
  );
  const args = fc.dictionary(fc.constantFrom("a", "b", "c", "e", "__proto__", "d/e", "x: y"), value);

  it("what is taken is right by itself, and differs by nulls alone", () => {
    fc.assert(
      fc.property(args, (given) => {
        const parsed = checkArguments(schema, given);
        if (!parsed.success) return;
        expect(schema.safeParse(parsed.data).success).toBe(true);
        const put = (from: unknown): string =>
          JSON.stringify(from, (key, each) =>
            // zod drops a key of this name, here as elsewhere.
            each === null || key === "__proto__" ? undefined : each,
          );
        expect(put(parsed.data)).toBe(put(given));
        const alone = schema.safeParse(given);
        if (alone.success) expect(parsed.data).toEqual(alone.data);
      }),
      { numRuns: 1_000 },
    );
  });
});
