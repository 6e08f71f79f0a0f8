import fc from "fast-check";
import { expect, test } from "vitest";
import { culprits, namedTools, takesNoTools } from "../../../../graphs/model/tool-refusal.ts";
import type { ToolSource } from "../../../../tools/registry.ts";
import {
  type ChatRequest,
  planReply,
  type StubReply,
  startOpenAiStub,
} from "../../../helpers/openai-stub.ts";
import { harness, stubModel, testTools, textOf } from "../harness.ts";

const OFFERED = ["send_email", "files__get", "files__get_all", "crm__tags"];

test.each([
  [
    "Invalid schema for function 'files__get': In context=('properties', 'tags'), array schema missing items.",
    ["files__get"],
  ],
  ["Invalid 'tools[3].function.parameters': schema is not valid", ["crm__tags"]],
  ["tools.1.custom.input_schema: JSON schema is invalid", ["files__get"]],
  ['{"detail":[{"loc":["body","tools",2,"function"],"msg":"bad"}]}', ["files__get_all"]],
  ["GenerateContentRequest.tools[0].function_declarations[3].parameters: missing field", ["crm__tags"]],
  ["* GenerateContentRequest.tools[0].functionDeclarations[1].name: Invalid", ["files__get"]],
  ["tools[9].function.name is too long", []],
  ["Request contains an invalid argument.", []],
  ["messages[2].content: files__get is not allowed here", []],
  ["messages.3.tool_calls[0].function.name: files__get was not answered by a tool message", []],
])("%s", (said, named) => {
  expect(namedTools(said, OFFERED)).toEqual(named);
});

test.each([
  "gemma does not support tools",
  "This model doesn't support function calling.",
  "Tool use is not supported",
])("%s", (said) => expect(takesNoTools(said)).toBe(true));

test("any text of a server is read in linear time, and names only what was offered", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.array(fc.string()), (said, offered) => {
      for (const name of namedTools(`tool ${said}`, offered)) expect(offered).toContain(name);
    }),
  );
  expect(namedTools(`tools${" [".repeat(500_000)}`, OFFERED)).toEqual([]);
});

test("the culprit is found in three requests among eight, and never left out of the suspects", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.nat(), async (count, place) => {
      const names = Array.from({ length: count }, (_, at) => `t${at}`);
      const culprit = names[place % count]!;
      let asked = 0;
      const left = await culprits(names, async (offered) => {
        asked += 1;
        return !offered.includes(culprit);
      });
      expect(left).toContain(culprit);
      expect(asked).toBeLessThanOrEqual(3);
      expect(left?.length).toBeLessThanOrEqual(Math.ceil(count / 8));
    }),
  );
  expect(await culprits(["a", "b"], async () => null)).toBeNull();
});

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
  expect(asked().map((names) => names.length)).toEqual([8, 0, 4, 2, 1]);
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

test("a model that takes no tools answers without any", async () => {
  const { run, close } = await picky(["far__t0", "far__t1"], () => "gemma does not support tools");
  expect(textOf(await run("hello"))).toBe("done");
  await close();
});
