import { asDrawable, parseRunEvent } from "@aura-platform/client/events.ts";
import { EVENT_TYPES, type EventData, type EventType } from "@aura-platform/contract/events.ts";
import { expect, test } from "vitest";

/** One event of each type, as it is written today. */
const WRITTEN: { [Type in EventType]: EventData<Type> } = {
  thought: { content: "…", timestamp: 1 },
  plan_step: { id: "s", title: "t", description: "d", status: "pending", confidence: 0.5 },
  tool_execution: { tool: "t", toolCallId: "c", parameters: { a: 1 }, status: "executing", result: null },
  hitl: {
    ...{
      requestId: "r",
      actionType: "t",
      message: "?",
      context: {},
      requiresApproval: true,
      toolCallId: "c",
    },
  },
  content: { content: "c", format: "markdown", messageId: "m", attempt: 2 },
  error: { errorCode: "E1000", message: "m", traceId: "t", reason: "no_progress" },
};

test("an event of every type is drawn, also with fields of a newer version", () => {
  for (const type of EVENT_TYPES) {
    const data = { ...WRITTEN[type], newField: 1 };
    expect(asDrawable({ type, data })).toEqual({ type, data });
  }
});

test("words of a newer version are drawn as they are", () => {
  const newer = [
    { type: "plan_step", data: { ...WRITTEN.plan_step, status: "skipped" } },
    {
      type: "tool_execution",
      data: { ...WRITTEN.tool_execution, status: "paused", outcome: { half: true } },
    },
    { type: "error", data: { ...WRITTEN.error, errorCode: "E9999", reason: "tired" } },
  ];
  for (const event of newer) expect(asDrawable(event)).toEqual(event);
});

test("what older services left out of an event is not asked for", () => {
  const older = [
    { type: "plan_step", data: { id: "s", title: "t", status: "pending" } },
    { type: "tool_execution", data: { tool: "t", parameters: {}, status: "completed", outcome: null } },
    { type: "hitl", data: { requestId: "r", actionType: "t", message: "?", context: {} } },
    { type: "content", data: { content: "c" } },
  ];
  for (const event of older) expect(asDrawable(event)).toEqual(event);
});

test("a type of a newer version is handed out as it was sent, and not drawn", () => {
  const sent = { type: "hologram", data: { anything: true } };
  const event = parseRunEvent("run-1:7", JSON.stringify(sent));
  expect(event).toEqual({ id: "run-1:7", runId: "run-1", ...sent });
  expect(asDrawable(sent)).toBeNull();
  for (const type of ["constructor", "__proto__", ""]) expect(asDrawable({ type, data: {} })).toBeNull();
});
