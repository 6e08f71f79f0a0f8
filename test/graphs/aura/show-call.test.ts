import { MAX_FRAME_BYTES } from "@aura-platform/contract/frames.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { showCall } from "../../../graphs/aura/show-call.ts";
import { approvalsOf, hitlEvent } from "../../../src/approvals/open.ts";
import { eventFrame } from "../../../src/http/frame.ts";
import type { AuraTool } from "../../../tools/tool.ts";

const RUN = {
  v: 1,
  runId: "r".repeat(128),
  threadId: "t".repeat(128),
  tenantId: "tenant1",
  userId: "user1",
} as never;

const tool = (identifying?: readonly string[]): AuraTool => ({
  name: "act",
  description: "",
  schema: z.looseObject({}),
  approval: "always",
  ...(identifying === undefined ? {} : { identifying: identifying as never }),
  approvalMessage: () => "Do it?",
  execute: async () => null,
});

/** A call as it goes: the graph decides what is shown, the approval is opened, and its event is framed. Null: refused. */
function framed(
  args: Record<string, unknown>,
  identifying?: readonly string[],
  language: "ko" | "en" = "en",
) {
  const call = showCall({ tool: tool(identifying), args, toolCallId: "call-1", language });
  if (call === null) return null;
  const value = {
    ...{
      kind: "approval",
      taskId: "task",
      toolCallId: "call-1",
      actionType: "act",
      context: args,
      digest: "",
    },
    ...call,
  };
  const state = { next: ["tools"], tasks: [{ name: "tools", interrupts: [{ id: "i", value }] }] };
  const [approval] = approvalsOf(RUN, state as never, 0, 1);
  if (approval === undefined) throw new Error("no approval");
  const event = hitlEvent(approval);
  const stored = { seq: Number.MAX_SAFE_INTEGER, at: 0, event };
  const frame = eventFrame("r".repeat(128), stored, false);
  expect(frame.length).toBeLessThanOrEqual(MAX_FRAME_BYTES);
  expect(Buffer.byteLength(frame)).toBe(frame.length);
  expectAliases(eventFrame("r".repeat(128), stored, true), frame);
  const [, json, ...more] = /^: id: \S+\nevent: hitl\ndata: (.*)\nid: \S+\n\n$/.exec(frame) ?? [];
  expect(more).toEqual([]);
  return { approval, data: JSON.parse(json ?? "").data };
}

/** DWP's names are beside all that there is without them, and its client never takes some of the arguments for all of them. */
function expectAliases(withAliases: string, without: string) {
  expect(withAliases.length).toBeLessThanOrEqual(MAX_FRAME_BYTES);
  const [wire, bare] = [withAliases, without].map((frame) =>
    JSON.parse(/\ndata: (.*)\n/.exec(frame)?.[1] ?? ""),
  );
  expect(wire.event).toBe("hitl_request");
  const { id, action, params, ...contract } = wire.data;
  expect({ type: wire.type, data: contract }).toEqual(bare);
  expect([id, action]).toEqual([bare.data.requestId, bare.data.actionType]);
  if (params === undefined) return;
  const { "…": notHere, ...args } = params;
  expect(JSON.stringify(bare.data.context).length).toBeGreaterThanOrEqual(JSON.stringify(args).length);
  for (const [name, value] of Object.entries(args)) expect(value).toEqual(bare.data.context[name]);
  const missing = Object.keys(bare.data.context).length - Object.keys(args).length;
  if (missing === 0 && !("…" in bare.data.context)) expect(notHere).toBeUndefined();
  if (missing > 0) expect(notHere).toContain(`${missing}. GET /api/aura/hitl/requests/${id}`);
}

/** Whether everything of a value is shown, but for long texts where those may be cut; what JSON does not tell apart is the same. */
function showsAllOf(shown: any, value: any, mayCut: boolean): boolean {
  if (typeof value === "string") {
    if (shown === value) return true;
    return mayCut && value.length > 1_024 && shown.endsWith("…") && value.startsWith(shown.slice(0, -1));
  }
  if (typeof value !== "object" || value === null) return Object.is(shown, value);
  const keys = Object.keys(value);
  return (
    Array.isArray(shown) === Array.isArray(value) &&
    JSON.stringify(Object.keys(shown)) === JSON.stringify(keys) &&
    keys.every((key) => showsAllOf(shown[key], value[key], mayCut))
  );
}

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc
    .tuple(fc.constantFrom("x", "가", "😀", "\u0001", '"', "\u202e"), fc.integer({ min: 0, max: 20_000 }))
    .map(([unit, count]) => unit.repeat(count)),
);
const json = fc
  .letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie("value"), { maxLength: 8 }),
      fc.dictionary(fc.oneof(fc.string({ maxLength: 10 }), fc.constant("__proto__")), tie("value"), {
        maxKeys: 6,
      }),
      fc.integer({ min: 0, max: 3_000 }).map((count) => Array.from({ length: count }, (_, at) => at)),
    ),
  }))
  .value.map((value) => JSON.parse(JSON.stringify(value)));
const argsOf = fc.record({ to: json, body: fc.oneof(text, json), rest: json }, { requiredKeys: [] });

test("[fuzz] a call is refused, or every list entry, key and number and everything that identifies it is in its frame", () => {
  let refused = 0;
  let cut = 0;
  fc.assert(
    fc.property(argsOf, fc.constantFrom(undefined, [], ["to"]), (args, identifying) => {
      const shown = framed(args, identifying);
      if (shown === null) {
        refused += 1;
        return;
      }
      const { data, approval } = shown;
      expect(approval.context).toEqual(args);
      expect(Object.keys(data.context)).toEqual(Object.keys(args));
      for (const [name, value] of Object.entries(args)) {
        const whole = identifying === undefined || identifying.some((each) => each === name);
        if (!showsAllOf(data.context[name], value, !whole)) throw new Error(`${name} is not all there`);
      }
      const isCut = JSON.stringify(data.context) !== JSON.stringify(args);
      if (isCut) cut += 1;
      expect(data.truncated ?? false).toBe(isCut);
      for (const missing of Object.values<number>(data.notShown ?? {})) {
        expect(data.message).toContain(missing.toLocaleString("en-US"));
      }
    }),
    { numRuns: 300 },
  );
  // Both happen, or the property says nothing.
  expect(refused).toBeGreaterThan(0);
  expect(cut).toBeGreaterThan(0);
});

describe("what does not fit", () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => `id-${at}`);
  test.each<[string, Record<string, unknown>]>([
    ["a list of 5,000 ids", { ids: many(5_000) }],
    ["a list in an object in a list", { orders: [{ items: many(5_000) }] }],
    ["an object with many keys", { amounts: Object.fromEntries(many(5_000).map((id, at) => [id, at])) }],
    ["many arguments", Object.fromEntries(many(5_000).map((id) => [id, 1]))],
    ["a key longer than a frame", { ["k".repeat(20_000)]: 1 }],
    ["many texts of up to 1,024 characters", { notes: Array.from({ length: 20 }, () => "x".repeat(1_024)) }],
    ["nesting without end", { deep: JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`) }],
  ])("%s is refused", (_, args) => {
    expect(showCall({ tool: tool([]), args, toolCallId: "c", language: "en" })).toBeNull();
  });

  test("of a tool that does not say what identifies its calls, nothing is cut", () => {
    expect(framed({ note: "x".repeat(20_000) })).toBeNull();
    expect(framed({ note: "x".repeat(10_000) })?.data.context.note).toHaveLength(10_000);
  });

  test("an argument that identifies the call is whole, however long; another makes room for it", () => {
    const shown = framed({ to: "t".repeat(9_000), body: "b".repeat(90_000) }, ["to"]);
    expect(shown?.data.context.to).toHaveLength(9_000);
    expect(shown?.data.notShown).toEqual({ body: 90_000 - shown?.data.context.body.length + 1 });
    expect(framed({ to: "t".repeat(16_000), body: "b" }, ["to"])).toBeNull();
  });
});

test("a list of 1,000 ids beside a long text is whole", () => {
  const ids = Array.from({ length: 1_000 }, (_, at) => at);
  const shown = framed({ ids, text: "x".repeat(50_000) }, []);
  expect(shown?.data.context.ids).toEqual(ids);
  expect(shown?.data.truncated).toBe(true);
});

test("what fits is shown as it is", () => {
  const shown = framed({ to: ["a@x.com"], body: "x".repeat(14_000) }, ["to"]);
  expect(shown?.data).toEqual({
    ...{ requestId: expect.any(String), actionType: "act", message: "Do it?", toolCallId: "call-1" },
    ...{ context: { to: ["a@x.com"], body: "x".repeat(14_000) }, requiresApproval: true },
  });
});

test("as much is shown as fits, and a picture is not cut in half", () => {
  const shown = framed({ files: [{ "a/b~": "😀".repeat(20_000) }] }, []);
  const seen: string = shown?.data.context.files[0]["a/b~"];
  expect(seen.length * 6).toBeGreaterThan(15 * 1024 - 1_000);
  expect(seen.isWellFormed()).toBe(true);
  expect(shown?.data.notShown).toEqual({ "files/0/a~1b~0": 40_000 - (seen.length - 1) });
});

test.each([
  [
    "en",
    "Note: this is shown in part. Not shown here: ",
    ' of the 60,000 characters of "body". The whole is at ',
  ],
  ["ko", '주의: 여기에는 일부만 표시됩니다. 표시되지 않은 부분: "body" 60,000자 중 ', "전체 내용: "],
] as const)("the message says first what is not shown, and where it is (%s)", (language, first, then) => {
  const shown = framed({ body: "x".repeat(60_000) }, [], language);
  expect(shown?.data.message.startsWith(first)).toBe(true);
  expect(shown?.data.message).toContain(then);
  expect(shown?.data.message).toContain(`GET /api/aura/hitl/requests/${shown?.data.requestId}`);
  expect(shown?.data.message.endsWith(" Do it?")).toBe(true);
  expect(shown?.approval.message).toBe("Do it?");
});

test("the message names arguments with what cannot be seen, in names and values at any depth", () => {
  const args = { ok: "👨‍👩‍👧\n", list: [{ "k\u200b": "a\u202eb" }], 'b" (0).\u2066': 1 };
  expect(framed(args, [])?.data.message).toBe(
    'Note: there are characters that cannot be seen, or that change the direction of writing: "list" (2), "b\\" (0).⟨U+2066⟩" (1). Do it?',
  );
  expect(framed({ a: "\u200b" }, [], "ko")?.data.message).toBe(
    '주의: 보이지 않거나 글의 방향을 바꾸는 문자가 있습니다: "a" (1). Do it?',
  );
});

test("names that look like a place for the request's id take no room that was not counted", () => {
  const shown = framed({ ["{requestId}".repeat(200)]: "x".repeat(60_000) }, []);
  expect(shown?.data.notShown).toBeDefined();
  expect(shown?.data.message.split(shown?.data.requestId)).toHaveLength(2);
});
