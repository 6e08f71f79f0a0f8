import { EVENT_TYPES } from "@aura-platform/contract/events.ts";
import { MAX_FRAME_BYTES } from "@aura-platform/contract/frames.ts";
import { expect, test } from "vitest";
import { eventFrame } from "../../src/http/frame.ts";
import { mapGraphEvent } from "../../src/runs/map-event.ts";

test("[R3.3] wire names do not change", () => {
  expect(EVENT_TYPES).toEqual(["thought", "plan_step", "tool_execution", "hitl", "content", "error"]);
});

test("[R3.3] a thought gets a timestamp in Unix seconds", () => {
  expect(mapGraphEvent({ type: "thought", content: "hm" }, 1_706_152_860_999)).toEqual([
    { type: "thought", data: { content: "hm", timestamp: 1_706_152_860 } },
  ]);
});

test("[R3.5] a plan step keeps the contract's fields only, with confidence within 0 and 1", () => {
  const step = {
    id: "step-1",
    title: "t",
    description: "d",
    status: "in_progress",
    confidence: 1.7,
    tool: "send_email",
    startedAt: 5,
  };
  expect(mapGraphEvent({ type: "plan_step", step }, 0)).toEqual([
    {
      type: "plan_step",
      data: {
        id: "step-1",
        title: "t",
        description: "d",
        status: "in_progress",
        confidence: 1,
        startedAt: 5,
      },
    },
  ]);
});

test("[R8.2] content keeps its messageId and says that it is markdown", () => {
  expect(mapGraphEvent({ type: "content", messageId: "m", content: "hi" }, 0)).toEqual([
    { type: "content", data: { content: "hi", format: "markdown", messageId: "m" } },
  ]);
});

test("a tool that returns nothing has a null result", () => {
  const chunk = { type: "tool_execution", tool: "t", toolCallId: "c", parameters: {}, status: "completed" };
  expect(mapGraphEvent(chunk, 0)).toMatchObject([{ data: { result: null } }]);
});

test.each([
  ["ascii", "x".repeat(100_000)],
  ["escapes", '\u0000\n"'.repeat(20_000)],
  ["surrogate pairs", "😀".repeat(30_000)],
  ["Korean", "안녕하세요 ".repeat(10_000)],
])("long content (%s) is split into deltas that fit a frame and add up to the text", (_, content) => {
  const events = mapGraphEvent({ type: "content", messageId: "m", content }, 0);
  expect(events.map(({ data }) => ("content" in data ? data.content : "")).join("")).toBe(content);
  for (const event of events) {
    expect(Buffer.byteLength(eventFrame("r".repeat(128), { seq: 1, at: 0, event }, true))).toBeLessThan(
      MAX_FRAME_BYTES,
    );
    expect("content" in event.data && event.data.content.isWellFormed()).toBe(true);
  }
});

test("empty deltas and objects that are not ours give no event", () => {
  expect(mapGraphEvent({ type: "content", messageId: "m", content: "" }, 0)).toEqual([]);
  for (const chunk of [null, 1, "x", {}, { type: "hitl" }, { type: "content", content: 1 }]) {
    expect(mapGraphEvent(chunk, 0)).toEqual([]);
  }
});

test("a call with changed arguments keeps what the model had asked for", () => {
  const chunk = {
    ...{ type: "tool_execution", tool: "t", toolCallId: "c", status: "executing" },
    ...{ parameters: { to: "lee" }, proposed: { to: "kim" } },
  };
  expect(mapGraphEvent(chunk, 0)).toEqual([
    {
      type: "tool_execution",
      data: {
        ...{ tool: "t", toolCallId: "c", status: "executing", result: null },
        ...{ parameters: { to: "lee" }, proposed: { to: "kim" } },
      },
    },
  ]);
});
