import { expect, onTestFinished, test } from "vitest";
import { planReply, type StubReply, startOpenAiStub } from "../../helpers/openai-stub.ts";
import { harness, stubModel, textOf } from "../harness.ts";
import { delta, lines } from "./stubbed.ts";

async function twoServers(first: StubReply[], second: StubReply[]) {
  const other = await startOpenAiStub(second.map((reply) => ({ reply })));
  onTestFinished(() => other.close());
  const one = await startOpenAiStub([planReply({ title: "Answer" }), ...first.map((reply) => ({ reply }))]);
  onTestFinished(() => one.close());
  const opened = await harness([], {
    model: stubModel(one, { maxRetries: 1 }),
    fallback: { model: stubModel(other, { model: "second" }) },
  });
  const verify = () => {
    one.verify();
    other.verify();
  };
  return { ...opened, one, other, verify };
}

test.each<[string, StubReply[]]>([
  ["429 after its retries", [{ status: 429 }, { status: 429 }]],
  ["401", [{ status: 401 }]],
  ["a page of HTML", [{ raw: { body: "<html>", contentType: "text/html" } }]],
  [
    "thoughts and then the end of the connection",
    [{ raw: { body: `data: ${delta({ reasoning: "hm" })}\n\n` } }],
  ],
])("the second model answers when the first has failed: %s", async (_, replies) => {
  const { run, state, reports, verify } = await twoServers(replies, [{ text: "I am second" }]);
  expect(textOf(await run("hello"))).toBe("I am second");
  expect((await state()).answered).toEqual({ model: "second" });
  expect(reports).toMatchObject([{ where: "model" }]);
  verify();
});

test("the second model does not finish what the first has begun to say", async () => {
  const { run, verify } = await twoServers([{ cut: "end", text: ["Half"] }], []);
  await expect(run("hello")).rejects.toThrow("broke off");
  verify();
});

test("the error is the last one's when both fail", async () => {
  const { run, verify } = await twoServers([{ status: 401 }], [{ status: 404 }]);
  await expect(run("hello")).rejects.toMatchObject({ kind: "address" });
  verify();
});

test("what only one server knows goes back to it, and not to the other", async () => {
  const call = {
    index: 0,
    id: "c",
    extra_content: { sig: "x" },
    function: { name: "echo", arguments: '{"text":"a"}' },
  };
  const { run, one, other, verify } = await twoServers(
    [
      lines(delta({ reasoning_content: "hm", tool_calls: [call] }, "tool_calls")),
      { status: 503 },
      { status: 503 },
    ],
    [{ text: "second" }],
  );
  await run("hello");
  const [toFirst, toSecond] = [one, other].map(({ requests }) => JSON.stringify(requests.at(-1)?.messages));
  expect(toFirst).toContain('"extra_content":{"sig":"x"}');
  expect(toFirst).toContain('"reasoning_content":"hm"');
  expect(toSecond).toContain('"id":"c"');
  expect(toSecond).not.toMatch(/extra_content|reasoning_content/);
  verify();
});

test.each(["reasoning_content", "extra_content"])(
  "a server that refuses %s gets it no more",
  async (field) => {
    const call = {
      index: 0,
      id: "c",
      extra_content: { sig: "x" },
      function: { name: "echo", arguments: '{"text":"a"}' },
    };
    const has = (request: unknown) => JSON.stringify(request).includes(`"${field}"`);
    const { run, one, verify } = await twoServers(
      [
        lines(delta({ reasoning_content: "hm", tool_calls: [call] }, "tool_calls")),
        { status: 400, error: `Unknown field: messages[2].${field}` },
        { text: "done" },
      ],
      [],
    );
    expect(textOf(await run("hello"))).toBe("done");
    expect(one.requests.map(has)).toEqual([false, false, true, false]);
    verify();
    one.script(planReply({ title: "Answer" }), { reply: { text: "again" } });
    expect(textOf(await run("and now?"))).toBe("again");
    expect(has(one.requests.at(-1))).toBe(false);
  },
);
