import {
  EVENT_TYPES,
  EVENTS,
  type EventType,
  storedEvent,
  wireEvent,
} from "@aura-platform/contract/events.ts";
import { heardSignal, signal } from "@aura-platform/contract/hitl.ts";
import { loose, mayGrow, open } from "@aura-platform/contract/reading.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";

/** One event of each type with all that it may have. */
const SAMPLES = {
  thought: { content: "…", timestamp: 1 },
  plan_step: { id: "s", title: "t", description: "d", status: "pending", confidence: 0.5, startedAt: 1 },
  tool_execution: {
    ...{ tool: "t", toolCallId: "c", parameters: { a: 1 }, proposed: { a: 0 } },
    ...{ status: "failed", result: null, outcome: "unknown" },
  },
  hitl: {
    ...{ requestId: "r", actionType: "t", message: "?", context: {}, requiresApproval: true },
    ...{ toolCallId: "c", shown: { context: {}, notShown: { a: 2 }, notice: "…" }, editOf: "r0" },
  },
  content: { content: "c", format: "markdown", messageId: "m", attempt: 2 },
  error: { errorCode: "E1000", message: "m", traceId: "t", reason: "no_progress" },
} satisfies { [Type in EventType]: z.input<(typeof EVENTS)[Type]> };

const event = fc
  .constantFrom(...EVENT_TYPES)
  .map((type) => ({ type, data: SAMPLES[type] as Record<string, unknown> }));
/** A field that no version has today. */
const news = fc.dictionary(fc.stringMatching(/^new[A-Z]\w{0,5}$/), fc.jsonValue(), { minKeys: 1 });

describe("an event", () => {
  test("that is written is exact, and both readers take it as it is", () => {
    fc.assert(
      fc.property(event, (written) => {
        for (const schema of [wireEvent, loose(wireEvent), open(wireEvent)]) {
          expect(schema.parse(written)).toEqual(written);
        }
      }),
    );
  });

  test("with a field of a newer version cannot be written, and both readers keep the field", () => {
    fc.assert(
      fc.property(event, news, ({ type, data }, more) => {
        const newer = { type, data: { ...data, ...more } };
        expect(wireEvent.safeParse(newer).success).toBe(false);
        expect(loose(wireEvent).parse(newer)).toEqual(newer);
        expect(open(wireEvent).parse(newer)).toEqual(newer);
      }),
    );
  });

  test("that lacks what a type must have is refused by everybody", () => {
    for (const type of EVENT_TYPES) {
      for (const [name, field] of Object.entries(EVENTS[type].shape)) {
        if (field instanceof z.ZodExactOptional || field instanceof z.ZodUnknown) continue;
        const { [name]: _, ...rest } = SAMPLES[type] as Record<string, unknown>;
        for (const schema of [wireEvent, loose(wireEvent), open(wireEvent)]) {
          expect(schema.safeParse({ type, data: rest }).success, `${type} without ${name}`).toBe(false);
        }
      }
    }
  });

  test("with a word of a newer version is read by clients, and by the service where the words may grow", () => {
    const step = { type: "plan_step", data: { ...SAMPLES.plan_step, status: "skipped" } };
    const failure = { type: "error", data: { ...SAMPLES.error, reason: "tired" } };
    expect([step, failure].map((each) => wireEvent.safeParse(each).success)).toEqual([false, false]);
    expect([step, failure].map((each) => loose(wireEvent).safeParse(each).success)).toEqual([false, true]);
    expect([step, failure].map((each) => open(wireEvent).safeParse(each).success)).toEqual([true, true]);
  });

  test("of a newer type is refused by everybody: whoever reads says what becomes of it", () => {
    const newer = { type: "suggestion", data: { content: "…" } };
    for (const schema of [wireEvent, loose(wireEvent), open(wireEvent)]) {
      expect(schema.safeParse(newer).success).toBe(false);
    }
  });
});

test("a reader keeps what a schema demands of lists and numbers, and leaves the schema itself exact", () => {
  const exact = z.strictObject({ list: z.array(z.strictObject({ n: z.int().min(1) })).min(1) });
  for (const reader of [loose(exact), open(exact)]) {
    expect(reader.safeParse({ list: [{ n: 1, more: 1 }] }).data).toEqual({ list: [{ n: 1, more: 1 }] });
    expect(reader.safeParse({ list: [] }).success).toBe(false);
    expect(reader.safeParse({ list: [{ n: 0 }] }).success).toBe(false);
  }
  expect(exact.safeParse({ list: [{ n: 1, more: 1 }] }).success).toBe(false);
  expect(loose(storedEvent).safeParse({ seq: 0, at: 1, event: {} }).success).toBe(false);
});

test("an object that drops what it does not know goes on dropping it", () => {
  const request = z.object({ a: z.string() });
  expect(loose(request).parse({ a: "1", b: 2 })).toEqual({ a: "1" });
});

test("the types say what a reader may find", () => {
  const exact = z.strictObject({ word: z.enum(["a", "b"]).exactOptional(), list: z.array(z.enum(["c"])) });
  const opened = open(exact).parse({ word: "z", list: ["y"] });
  const word: "a" | "b" | (string & {}) | undefined = opened.word;
  expect(word).toBe("z");
  // @ts-expect-error A reader may meet any word.
  const narrow: "a" | "b" | undefined = opened.word;
  expect(narrow).toBe("z");
  expect(loose(z.strictObject({ w: mayGrow(z.enum(["a"])) })).parse({ w: "z" })).toEqual({ w: "z" });
});

test("what holds nothing to open keeps its description", () => {
  const note = z.string().exactOptional().describe("A note");
  const shape = {
    note,
    gone: z.string().nullable().describe("Perhaps"),
    word: z.enum(["a"]).exactOptional(),
  };
  for (const read of [loose(z.strictObject(shape)), open(z.strictObject(shape))]) {
    expect(z.toJSONSchema(read).properties).toMatchObject({
      note: { description: "A note" },
      gone: { description: "Perhaps" },
    });
  }
});

test("a signal is written as the guide has it, and heard as Java may write it", () => {
  const approval = { type: "approval", requestId: "r", status: "approved", timestamp: 1 };
  const rejection = { type: "rejection", requestId: "r", status: "rejected", timestamp: 1 };
  for (const written of [approval, { ...rejection, reason: "no" }, rejection]) {
    expect(signal.parse(written)).toEqual(written);
    expect(heardSignal.parse(written)).toEqual(written);
  }
  for (const odd of [
    { ...approval, timestamp: "2024-01-16T12:00:00", by: "user1" },
    { ...rejection, reason: null, timestamp: null },
  ]) {
    expect(signal.safeParse(odd).success).toBe(false);
    expect(heardSignal.parse(odd)).toEqual(odd);
  }
  expect(heardSignal.safeParse({ ...approval, status: "rejected" }).success).toBe(false);
});
