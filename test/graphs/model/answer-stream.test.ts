import fc from "fast-check";
import { expect, test } from "vitest";
import { ModelError, modelFailure } from "../../../graphs/model/errors.ts";
import type { StubReply } from "../../helpers/openai-stub.ts";
import { askedOf, delta, lines } from "./stubbed.ts";

const raw = (body: string, contentType?: string): StubReply => ({
  raw: { body, ...(contentType === undefined ? {} : { contentType }) },
});

const failing = async (...replies: StubReply[]) => {
  const { again, stub } = await askedOf(replies, { maxRetries: 0 });
  const error = await again().catch((caught: unknown) => caught);
  stub.verify();
  return modelFailure(error);
};

test.each<[string, StubReply]>([
  ["CRLF, no space behind the colon", raw(`data:${delta({ content: "done" })}\r\n\r\ndata:[DONE]\r\n\r\n`)],
  [
    "no empty lines between the events",
    raw(`data: ${delta({ content: "do" })}\ndata: ${delta({ content: "ne" }, "stop")}\n`),
  ],
  ["no newline at the end", raw(`data: ${delta({ content: "done" }, "stop")}`)],
  ["[DONE] and no finish reason", lines(delta({ content: "done" }), "[DONE]")],
  [
    "a comment and an event of another kind in between",
    raw(`: ping\n\nevent: ping\ndata: {}\n\ndata: ${delta({ content: "done" }, "stop")}\n\n`),
  ],
  [
    "things that are no chunks",
    lines(
      "null",
      "7",
      '"text"',
      "[]",
      '{"choices":null}',
      '{"choices":[null]}',
      "ping",
      delta({ content: "done" }, "stop"),
    ),
  ],
  [
    "content in parts",
    lines(
      delta(
        {
          content: [
            { type: "text", text: "do" },
            { type: "text", text: "ne" },
          ],
        },
        "stop",
      ),
    ),
  ],
  [
    "a message in place of the delta",
    lines('{"choices":[{"message":{"content":"done"},"finish_reason":"stop"}]}'),
  ],
  [
    "one JSON document in place of a stream",
    raw(
      '{"choices":[{"message":{"content":"done"},"finish_reason":"stop"}],"usage":null}',
      "application/json",
    ),
  ],
  ["the older completions' text", lines('{"choices":[{"text":"done","finish_reason":"stop"}]}')],
  [
    "error null in every chunk",
    lines(`{"error":null,"choices":[{"delta":{"content":"done"},"finish_reason":"stop"}]}`),
  ],
])("reads %s", async (_, reply) => {
  const { again, texts } = await askedOf([reply]);
  const answer = await again();
  expect(answer).toMatchObject({ text: "done", calls: [] });
  expect(answer.ending).toBeUndefined();
  expect(texts.join("")).toBe("done");
});

test("a chunk that is broken costs itself, and the answer says that something was lost", async () => {
  const { again } = await askedOf([
    lines(delta({ content: "do" }), '{"choices":[{"delta":{"cont', delta({ content: "ne" }, "stop")),
  ]);
  expect(await again()).toMatchObject({ text: "done", ending: "lost" });
});

test("a chunk that is broken behind the last whole one is lost as well", async () => {
  const call = { index: 0, id: "c", function: { name: "send_email", arguments: '{"to":"a@b.c"}' } };
  const { again } = await askedOf([
    lines(delta({ content: "do", tool_calls: [call] }), '{"choices":[{"delta":{"tool_c', "[DONE]"),
  ]);
  expect(await again()).toMatchObject({
    ending: "lost",
    calls: [{ malformed: { problem: expect.stringContaining("could not be read") } }],
  });
});

test("no call is made of an answer in which something was lost: it may be half of one", async () => {
  const call = { index: 0, id: "c", function: { name: "send_email", arguments: '{"to":"a@b.c"}' } };
  const { again } = await askedOf([lines("{broken", delta({ tool_calls: [call] }, "tool_calls"))]);
  expect((await again()).calls).toMatchObject([
    { name: "send_email", args: {}, malformed: { problem: expect.stringContaining("could not be read") } },
  ]);
});

test.each(["length", "max_tokens", "MAX_TOKENS"])(
  "a call cut by %s is not made with what there is of it",
  async (finish) => {
    const calls = [
      { index: 0, id: "a", function: { name: "whole", arguments: '{"a":1}' } },
      { index: 1, id: "b", function: { name: "cut", arguments: "" } },
    ];
    const { again } = await askedOf([lines(delta({ tool_calls: calls }), delta({}, finish))]);
    const answer = await again();
    expect(answer.ending).toBe("length");
    expect(answer.calls).toMatchObject([
      { name: "whole", args: { a: 1 } },
      { name: "cut", malformed: {} },
    ]);
    expect(answer.calls[0]).not.toHaveProperty("malformed");
  },
);

test.each([
  ["content_filter", "content_filter"],
  ["SAFETY", "content_filter"],
  ["stop", undefined],
  ["eos", undefined],
  ["constructor", undefined],
])("finish_reason %s", async (finish, ending) => {
  const { again } = await askedOf([lines(delta({ content: "x" }, finish))]);
  expect((await again()).ending).toBe(ending);
});

test("a refusal is words of the answer, and its end", async () => {
  const { again } = await askedOf([lines(delta({ refusal: "I " }), delta({ refusal: "won't." }, "stop"))]);
  expect(await again()).toMatchObject({ text: "I won't.", ending: "refusal" });
});

test.each<[string, StubReply, string]>([
  [
    "an error in the middle",
    lines(delta({ content: "half" }), '{"error":{"message":"XYZZY","code":503}}'),
    "failed",
  ],
  ["an error as text", lines('{"error":"XYZZY"}'), "failed"],
  ["finish_reason network_error", lines(delta({ content: "half" }, "network_error")), "cut"],
  ["no end at all", lines(delta({ content: "half" })), "cut"],
  ["a page of HTML", raw("<html>Sign in</html>", "text/html"), "address"],
  ["JSON that is no answer", raw('{"status":"ok"}', "application/json"), "address"],
  ["nothing", raw(""), "address"],
])("%s is an error, and never an answer", async (_, reply, kind) => {
  expect(await failing(reply)).toBe(kind);
});

test("a connection that is reset before the first byte is made again, behind it not", async () => {
  const before = await askedOf([{ reset: true }, { reset: true }, { text: "done" }]);
  expect((await before.again()).text).toBe("done");
  before.stub.verify();
  const behind = { raw: { body: `data: ${delta({ content: "half" })}\n\n` }, drop: true };
  const { again, stub } = await askedOf([behind]);
  expect(modelFailure(await again().catch((error: unknown) => error))).toBe("cut");
  stub.verify();
});

test("a server that only sends comments times out", async () => {
  const { again } = await askedOf([{ comments: ": still thinking\n\n" }], { timeoutMs: 400 });
  expect(modelFailure(await again().catch((error: unknown) => error))).toBe("timeout");
});

test("fields that mean nothing to us are put together, of the message and of each call", async () => {
  const { again } = await askedOf([
    lines(
      delta({ reasoning_content: "hm", annotations: [], audio: null, reasoning_details: [{ t: 1 }] }),
      delta({ reasoning_content: " hm", reasoning_details: [{ t: 2 }] }),
      delta({
        tool_calls: [
          {
            index: 0,
            id: "c",
            extra_content: { g: { s: "x" } },
            function: { name: "n", arguments: "{}", more: 1 },
          },
        ],
      }),
      delta({ tool_calls: [{ index: 0, extra_content: { g: { t: 1 } } }] }, "tool_calls"),
    ),
  ]);
  expect(await again()).toMatchObject({
    kept: { reasoning_content: "hm hm", reasoning_details: [{ t: 1 }, { t: 2 }] },
    calls: [{ id: "c", kept: { extra_content: { g: { s: "x", t: 1 } }, function: { more: 1 } } }],
  });
});

test("a character that is cut by two pieces is told whole, and half of one as U+FFFD", async () => {
  const { again, texts } = await askedOf([
    lines(
      delta({ content: "a\ud83d" }),
      delta({ content: "\ude00b" }),
      delta({ content: "c\ud83d" }, "stop"),
    ),
  ]);
  expect((await again()).text).toBe("a😀bc\ufffd");
  expect(texts.every((text) => text.isWellFormed())).toBe(true);
});

test("whatever a server streams is an answer or the model's error", async () => {
  const scalar = fc.oneof(fc.string(), fc.constant(null), fc.integer(), fc.boolean(), fc.constant(""));
  const part = fc.oneof(scalar, fc.array(scalar), fc.dictionary(fc.string(), scalar));
  const call = fc.record(
    {
      index: part,
      id: part,
      function: fc.oneof(part, fc.record({ name: part, arguments: part }, { requiredKeys: [] })),
    },
    { requiredKeys: [] },
  );
  const fields = fc.record(
    {
      role: part,
      content: part,
      tool_calls: fc.oneof(part, fc.array(call)),
      refusal: part,
      reasoning_content: part,
      function_call: part,
      extra: part,
    },
    { requiredKeys: [] },
  );
  const chunk = fc.record(
    {
      choices: fc.oneof(
        part,
        fc.array(fc.record({ delta: fc.oneof(fields, part), finish_reason: part }, { requiredKeys: [] })),
      ),
      usage: part,
      error: part,
    },
    { requiredKeys: [] },
  );
  const line = fc.oneof(
    chunk.map((each) => JSON.stringify(each)),
    fc.string(),
    fc.json(),
  );
  const { again, stub } = await askedOf([], { maxRetries: 0 });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 6 }), fc.boolean(), async (data, ends) => {
      const all = [...data, ...(ends ? ["[DONE]"] : [])];
      stub.script({ reply: raw(all.map((each) => `data: ${each}\n\n`).join("")) });
      const answer = await again().catch((error: unknown) => error);
      if (answer instanceof Error) expect(answer).toBeInstanceOf(ModelError);
      else expect(answer).toMatchObject({ text: expect.any(String), calls: expect.any(Array) });
    }),
    { numRuns: 300 },
  );
});
