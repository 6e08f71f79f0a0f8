import { expect, test } from "vitest";
import { runInput } from "../../../graphs/state/state.ts";
import type { ToolSource } from "../../../tools/registry.ts";
import { type ChatRequest, planReply, type StubReply, startOpenAiStub } from "../../helpers/openai-stub.ts";
import { harness, stubModel, testTools, textOf } from "../harness.ts";
import { delta, lines } from "./stubbed.ts";

/** A server that refuses requests with any of the bad tools, in these words. */
async function picky(bad: readonly string[], words: (bad: string) => string) {
  const foreign = Array.from({ length: 8 }, (_, at) => ({
    ...testTools({ notes: [], echoes: [] })[1]!,
    name: `far__t${at}`,
  }));
  const source: ToolSource = { tools: () => foreign, whyMissing: () => undefined };
  const answer = (request: ChatRequest): StubReply => {
    if (String(request.messages[0]?.content).startsWith("TASK:")) return planReply({ title: "x" }).reply;
    const refused = bad.find((name) => request.tools?.some((tool) => tool.function.name === name));
    return refused === undefined ? { text: "done" } : { status: 400, error: words(refused) };
  };
  const stub = await startOpenAiStub([], { always: answer });
  const opened = await harness([], { model: stubModel(stub), source });
  const asked = () =>
    stub.requests
      .filter(({ messages }) => !String(messages[0]?.content).startsWith("TASK:"))
      .map(({ tools }) =>
        (tools ?? []).map((tool) => tool.function.name).filter((name) => name.startsWith("far")),
      );
  return { ...opened, stub, asked, close: () => stub.close() };
}

test("a tool that a refusal names is left out, the run goes on, and it is not offered again", async () => {
  const { run, asked, reports, close } = await picky(
    ["far__t3"],
    (name) => `Invalid schema for function '${name}'`,
  );
  const events = await run("hello");
  expect(textOf(events)).toBe("done");
  expect(JSON.stringify(events)).toContain("without tools that the model server does not take: far__t3.");
  expect(reports).toMatchObject([{ where: "tools", error: { message: expect.stringContaining("far__t3") } }]);
  expect(asked().map((names) => names.length)).toEqual([8, 7]);
  await run("again");
  expect(asked().at(-1)).not.toContain("far__t3");
  expect(asked()).toHaveLength(3);
  await close();
});

test("when it names none, the answer comes without them and the culprit is found in three more requests", async () => {
  const { run, asked, close } = await picky(["far__t5"], () => "Request contains an invalid argument.");
  const events = await run("hello");
  expect(textOf(events)).toBe("done");
  expect(JSON.stringify(events)).toContain("does not take: far__t5.");
  expect(asked().map((names) => names.length)).toEqual([8, 0, 4, 6, 5]);
  await run("again");
  expect(asked().at(-1)).toHaveLength(7);
  await close();
});

test("a request that is refused without the tools as well says so, and costs none of them", async () => {
  const stub = await startOpenAiStub([], {
    always: ({ messages, tools }) => {
      if (String(messages[0]?.content).startsWith("TASK:")) return planReply({ title: "x" }).reply;
      return String(messages.at(-1)?.content) === "bad"
        ? { status: 400, error: "no" }
        : { text: `${tools?.length}` };
    },
  });
  const far = { ...testTools({ notes: [], echoes: [] })[1]!, name: "far__t" };
  const { run } = await harness([], {
    model: stubModel(stub),
    source: { tools: () => [far], whyMissing: () => undefined },
  });
  const all = textOf(await run("good"));
  await expect(run("bad")).rejects.toThrow("status 400");
  expect(textOf(await run("good"))).toBe(all);
  await stub.close();
});

test.each([
  ["a tool", "Invalid schema for function 'far__t'"],
  ["nothing", "no"],
  ["the length", "This model's maximum context length is 8192 tokens. However, you sent 9000 tokens."],
])("half an answer is not begun anew when its server breaks it off over %s", async (_, message) => {
  const error = JSON.stringify({ error: { message, code: 400 } });
  const half = lines(delta({ content: "Half an " }), error);
  const stub = await startOpenAiStub([], {
    always: ({ messages }) =>
      String(messages[0]?.content).startsWith("TASK:") ? planReply({ title: "x" }).reply : half,
  });
  const far = { ...testTools({ notes: [], echoes: [] })[1]!, name: "far__t" };
  const { graph, config } = await harness([], {
    model: stubModel(stub),
    source: { tools: () => [far], whyMissing: () => undefined },
  });
  const said: string[] = [];
  const input = runInput({ prompt: "hello", context: {}, language: "en" });
  const run = async () => {
    for await (const event of await graph.stream(input, { ...config(), streamMode: "custom" })) {
      if (event.type === "content") said.push(event.content);
    }
  };
  await expect(run()).rejects.toThrow();
  expect(said.join("")).toBe("Half an ");
  await stub.close();
});

test("a model that takes no tools answers without any", async () => {
  const { run, close } = await picky(["far__t0", "far__t1"], () => "gemma does not support tools");
  expect(textOf(await run("hello"))).toBe("done");
  await close();
});
