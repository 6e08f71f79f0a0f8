import type { WireEvent } from "@aura-platform/contract/events.ts";
import { MAX_FRAME_BYTES } from "@aura-platform/contract/frames.ts";
import { expect, test } from "vitest";
import { commentFrame, doneFrame, eventFrame } from "../../src/http/frame.ts";

const frameOf = (event: WireEvent) => eventFrame("run-1", { seq: 7, at: 0, event }, false);

test("[R3.2] an event is one event line and one data line whose JSON repeats the type, above its id", () => {
  const event: WireEvent = { type: "thought", data: { content: "first\nsecond", timestamp: 1706152860 } };
  expect(frameOf(event)).toBe(
    ': id: run-1:7\nevent: thought\ndata: {"type":"thought","data":{"content":"first\\nsecond","timestamp":1706152860}}\nid: run-1:7\n\n',
  );
});

test("[R8.1] heartbeats and the end carry the last event's id; a heartbeat is no block", () => {
  expect(commentFrame("run-1", 7, "heartbeat")).toBe(": heartbeat\nid: run-1:7\n");
  expect(doneFrame("run-1", 7)).toBe(": id: run-1:7\ndata: [DONE]\nid: run-1:7\n\n");
});

test("[R8.28] a frame is ASCII, so that a proxy which decodes buffers one by one damages nothing", () => {
  const events: WireEvent[] = [
    { type: "content", data: { content: "안녕하세요 😀", format: "markdown", messageId: "m" } },
    context({ 본문: "é\u2028" }),
    approval({ 제목: "가" }),
  ];
  for (const event of events) {
    const frame = frameOf(event);
    expect(Buffer.byteLength(frame)).toBe(frame.length);
    expect(parsed(frame)).toEqual(JSON.parse(JSON.stringify(event)));
  }
});

test("what counts is what is sent: 3,000 Korean characters are too many for a frame, 2,600 are not", () => {
  expect(parsed(frameOf(context("가".repeat(2_600)))).data.truncated).toBeUndefined();
  const { data } = parsed(frameOf(context("가".repeat(3_000))));
  expect(data.truncated).toBe(true);
  expect(data.parameters.body).toBe(`${"가".repeat(2_048)}…`);
});

const context = (value: unknown): WireEvent => ({
  type: "tool_execution",
  data: {
    tool: "send_email",
    toolCallId: "c",
    parameters: { body: value },
    status: "executing",
    result: null,
  },
});

const approval = (
  value: Record<string, unknown>,
  shown?: Extract<WireEvent, { type: "hitl" }>["data"]["shown"],
): WireEvent => ({
  type: "hitl",
  data: {
    ...{ requestId: "req-1", actionType: "send_email", message: "?", context: value, toolCallId: "c" },
    requiresApproval: true,
    ...(shown === undefined ? {} : { shown }),
  },
});
const parsed = (frame: string) => JSON.parse(/\ndata: (.*)\n/.exec(frame)?.[1] ?? "");

const TOO_LONG: [string, unknown][] = [
  ["a long text", "x".repeat(200_000)],
  ["text that grows in JSON", "\u0001".repeat(20_000)],
  ["four-byte characters", "😀".repeat(20_000)],
  ["many small items", Array.from({ length: 20_000 }, (_, i) => ({ i }))],
  ["many keys", Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`key-${i}`, "v"]))],
  ["a long key", { ["k".repeat(50_000)]: 1 }],
  ["deep nesting", Array.from({ length: 1_000 }).reduce<unknown>((inner) => [inner, "x".repeat(30)], "x")],
];

test.each(TOO_LONG)("%s is cut to fit 16 KB, and says so", (_, value) => {
  const frame = frameOf(context(value));
  expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(MAX_FRAME_BYTES);
  const { type, data } = parsed(frame);
  expect(type).toBe("tool_execution");
  expect(data).toMatchObject({ toolCallId: "c", truncated: true });
  // JSON.stringify escapes halves of a pair alone.
  expect(JSON.stringify(data)).not.toMatch(/\\ud[89a-f][0-9a-f]{2}/);
});

test("what fits is not touched", () => {
  const frame = frameOf(context("x".repeat(15_000)));
  expect(frame).toContain("x".repeat(15_000));
  expect(frame).not.toContain("truncated");
});

test("of an approval, the frame has what was decided to be shown, and nothing of its own", () => {
  const shown = { context: { to: ["a", "b"], body: "xx…" }, notShown: { body: 20_000 }, notice: "Not all." };
  const { data } = parsed(frameOf(approval({ to: ["a", "b"], body: "x".repeat(20_002) }, shown)));
  expect(data).toEqual({
    ...{ requestId: "req-1", actionType: "send_email", message: "Not all. ?", toolCallId: "c" },
    ...{ requiresApproval: true, context: shown.context, notShown: shown.notShown, truncated: true },
  });
});

test.each(TOO_LONG)(
  "an approval of an older version with %s is not shown in part: its frame says where the whole is",
  (_, value) => {
    const frame = frameOf(approval({ to: "kim@example.com", body: value }));
    expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(MAX_FRAME_BYTES);
    expect(parsed(frame).data).toEqual({
      ...{ requestId: "req-1", actionType: "send_email", toolCallId: "c", requiresApproval: true },
      ...{ context: {}, truncated: true },
      message: expect.stringMatching(/표시할 수 없습니다.*GET \/api\/aura\/hitl\/requests\/req-1$/),
    });
  },
);
