import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type OpenAiStub, planReply, type StubReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf, textOf } from "../helpers/sse-client.ts";
import { chat, type Stack, startStack } from "../helpers/stack.ts";

// The answers of real servers, changed in a few places, through the whole service.

const CASES = z
  .object({
    cases: z.array(z.object({ turns: z.array(z.object({ contentType: z.string(), body: z.string() })) })),
  })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/model-server.json"), "utf8")));
const TURNS = CASES.cases.flatMap(({ turns }) => turns);

let stub: OpenAiStub;
let stack: Stack;
let replies: StubReply[] = [];
beforeAll(async () => {
  stub = await startOpenAiStub([], {
    always: ({ messages }) => {
      if (String(messages[0]?.content).startsWith("TASK:")) return planReply({ title: "x" }).reply;
      return replies.shift() ?? { text: "alive" };
    },
  });
  stack = await startStack({
    backend: "embedded",
    env: { OPENAI_BASE_URL: stub.url, OPENAI_API_KEY: "key" },
  });
});
afterAll(async () => {
  await stack.close();
  await stub.close();
});

/** What stands at a place is taken out, said twice, or becomes something else. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 0, max: 40 }),
  put: fc.oneof(
    fc.constantFrom(
      "",
      "null",
      '""',
      "{}",
      "[]",
      "\\ud83d",
      "\n\n",
      "data: ",
      "data: [DONE]\n\n",
      "1e999",
      '"lc":1,',
    ),
    fc.string({ maxLength: 8 }),
  ),
});

function changed(body: string, changes: readonly { at: number; length: number; put: string }[]): string {
  return changes.reduce((text, { at, length, put }) => {
    const place = Math.floor(at * text.length);
    return text.slice(0, place) + put + text.slice(place + length);
  }, body);
}

/** Of an error event that a model's answer may lead to. */
const MODELS_CODES = ["E5000", "E5001", "E4000"];

test("a changed answer ends its run with words or one of the contract's codes, and the thread answers the next prompt", async () => {
  let thread = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...TURNS),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      async (turn, changes) => {
        thread += 1;
        const threadId = `changed-${thread}`;
        replies = [
          { raw: { contentType: turn.contentType, body: changed(turn.body, changes) } },
          { text: "done" },
        ];
        const first = await chat(stack, { prompt: "hello", threadId });
        const seen = await Promise.race([
          first.ended,
          first.event("hitl").then(
            () => null,
            () => null,
          ),
        ]);
        if (seen !== null) {
          const errors = eventsOf(first.frames).filter(({ type }) => type === "error");
          for (const { data } of errors) expect(MODELS_CODES).toContain(data.errorCode);
          if (errors.length === 0) expect(textOf(first.frames)).not.toBe("");
        }
        replies = [];
        const next = await chat(stack, { prompt: "and now?", threadId });
        await next.ended;
        expect(textOf(next.frames)).toBe("alive");
      },
    ),
    { numRuns: 150 },
  );
});
