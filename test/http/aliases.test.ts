import type { AgentStep } from "@aura-platform/contract/agent-step.ts";
import type { WireEvent } from "@aura-platform/contract/events.ts";
import { MAX_FRAME_BYTES } from "@aura-platform/contract/frames.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventFrame } from "../../src/http/frame.ts";

const stored = (event: WireEvent) => ({ seq: 7, at: 0, event });
/** The line of JSON of an event's frame. */
const sent = (event: WireEvent, aliases = true) =>
  JSON.parse(/\ndata: (.*)\n/.exec(eventFrame("run-1", stored(event), aliases))?.[1] ?? "");

type Args = Record<string, unknown>;
const approval = (context: Args): WireEvent => ({
  type: "hitl",
  data: {
    ...{ requestId: "req-1", actionType: "send_email", message: "Send it?", context, toolCallId: "c" },
    requiresApproval: true,
  },
});
const execution = (
  parameters: Args,
  status: "executing" | "completed" | "failed" = "executing",
  result: unknown = null,
): WireEvent => ({
  type: "tool_execution",
  data: { tool: "send_email", toolCallId: "call-1", parameters, status, result },
});
const step = (status: AgentStep["status"]): WireEvent => ({
  type: "plan_step",
  data: { id: "step-1", title: "t", description: "d", status, confidence: 0.9 },
});
const MAIL = { to: "kim@example.com", subject: "Hi", body: "hello" };

describe("[R8.30] DWP's names stand beside ours", () => {
  test("of an approval", () => {
    const event = approval(MAIL);
    expect(sent(event)).toEqual({
      ...{ type: "hitl", event: "hitl_request" },
      data: { ...event.data, id: "req-1", action: "send_email", params: MAIL },
    });
  });

  test("of an approval that is shown in part: what is shown of it", () => {
    const context = { ...MAIL, body: "hel…" };
    const event = approval(MAIL);
    Object.assign(event.data, { shown: { context, notShown: { body: 2 }, notice: "Not all." } });
    expect(sent(event).data).toMatchObject({ context, params: context, message: "Not all. Send it?" });
  });

  test("of a tool's execution, with its error when it has failed", () => {
    const event = execution(MAIL, "failed", "ERROR: 550");
    const names = { id: "call-1", action: "send_email", params: MAIL, error: "ERROR: 550" };
    expect(sent(event)).toEqual({
      ...{ type: "tool_execution", event: "action_execution" },
      data: { ...event.data, ...names },
    });
    expect(sent(execution(MAIL, "completed", "ok")).data.error).toBeUndefined();
  });

  test("of a thought, and of a step that has been told before", () => {
    const thought: WireEvent = { type: "thought", data: { content: "hm", timestamp: 1 } };
    expect(sent(thought)).toEqual({ ...thought, event: "thought_chain" });
    expect(sent(step("pending"))).toEqual(step("pending"));
    for (const status of ["in_progress", "completed", "failed"] as const) {
      expect(sent(step(status))).toEqual({ ...step(status), event: "plan_step_update" });
    }
  });

  test.each<[string, WireEvent]>([
    ["content", { type: "content", data: { content: "a", format: "markdown", messageId: "m" } }],
    ["error", { type: "error", data: { errorCode: "E5000", message: "m", traceId: "t" } }],
  ])("and %s has the same name there", (_, event) => expect(sent(event)).toEqual(event));

  test("and nowhere when they are switched off", () => {
    for (const event of [approval(MAIL), execution(MAIL, "failed", "x"), step("completed")]) {
      expect(sent(event, false)).toEqual(event);
    }
  });
});

describe("[R8.30] where they do not fit", () => {
  const long = "x".repeat(9_000);

  test.each<[string, (args: Args) => WireEvent, string, string]>([
    ["approval", approval, "context", "GET /api/aura/hitl/requests/req-1"],
    ["execution", execution, "parameters", "GET /api/aura/runs/run-1/events/7"],
  ])(
    "of an %s the arguments that identify it stay, and it is said that there are others",
    (_, make, field, place) => {
      const event = make({ ...MAIL, body: long });
      const { data } = sent(event);
      expect(data.params).toEqual({
        ...{ to: MAIL.to, subject: MAIL.subject },
        "…": expect.stringMatching(/인수 1개, .*not shown here: 1\. GET /),
      });
      expect(data.params["…"]).toContain(place);
      expect(data[field]).toEqual({ ...MAIL, body: long });
      expect(data.truncated).toBeUndefined();
    },
  );

  test("when those do not fit either, that alone is said", () => {
    const to = Array.from({ length: 300 }, (_, at) => `somebody-${at}@elsewhere.example`);
    const { event, data } = sent(approval({ ...MAIL, to }));
    expect(event).toBe("hitl_request");
    expect(data).toMatchObject({ id: "req-1", action: "send_email", context: { to } });
    expect(Object.keys(data.params)).toEqual(["…"]);
  });

  test("a frame that is full has none, and is whole", () => {
    const fits = (length: number) =>
      eventFrame("run-1", stored(approval({ body: "x".repeat(length) })), false);
    const room = MAX_FRAME_BYTES - fits(0).length;
    const full = approval({ body: "x".repeat(room) });
    expect(eventFrame("run-1", stored(full), true)).toBe(eventFrame("run-1", stored(full), false));
    expect(sent(full)).toEqual(full);
    const almost = approval({ body: "x".repeat(room - 30) });
    expect(sent(almost)).toEqual({ ...almost, event: "hitl_request" });
  });

  test("a long error is not said twice", () => {
    const { data } = sent(execution({}, "failed", long));
    expect(data).toMatchObject({ result: long, id: "call-1" });
    expect(data.error).toBeUndefined();
    expect(data.truncated).toBeUndefined();
  });
});

test("a field of a later version wins over a name of theirs", () => {
  const event = approval(MAIL);
  Object.assign(event.data, { params: "ours", id: null });
  expect(sent(event).data).toMatchObject({ params: "ours", id: null, action: "send_email" });
});

test("[fuzz] whatever an event says, the names change nothing of it and never pass the limit", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc
      .tuple(fc.constantFrom("x", "가", "😀", "\u0001"), fc.nat(16_000))
      .map(([unit, count]) => unit.repeat(count / unit.length)),
  );
  const value = fc.oneof(text, fc.jsonValue({ stringUnit: "binary" }), fc.array(text, { maxLength: 3 }));
  const args = fc.dictionary(fc.oneof(text, fc.constantFrom("id", "params", "…", "__proto__")), value, {
    maxKeys: 4,
  });
  const event = fc.oneof(
    args.map(approval),
    fc
      .tuple(args, fc.constantFrom("executing", "completed", "failed"), value)
      .map(([parameters, status, result]) => execution(parameters, status, result)),
  );
  fc.assert(
    fc.property(event, (each) => {
      expect(eventFrame("run-1", stored(each), true).length).toBeLessThanOrEqual(MAX_FRAME_BYTES);
      const { event: _, data, ...rest } = sent(each);
      const { id, action, params, error, ...ours } = data;
      expect({ ...rest, data: ours }).toEqual(sent(each, false));
    }),
  );
});
