import { describe, expect, it, onTestFinished } from "vitest";
import { startOpenAiStub } from "../../helpers/openai-stub.ts";
import { harness, stubModel, textOf } from "../harness.ts";

const RUNS = 50;
const words = Array.from({ length: 40 }, (_, at) => `word${at} `);

describe("concurrent runs", () => {
  // In `messages` mode LangChain loses tokens here unless LANGCHAIN_CALLBACKS_BACKGROUND is false.
  it(`get all their deltas, ${RUNS} at a time`, async () => {
    const stub = await startOpenAiStub([], {
      always: ({ tools, messages }) =>
        tools === undefined
          ? { text: '{"steps":[{"title":"Answer"}]}' }
          : { text: [`${messages.at(-1)?.content}: `, ...words] },
    });
    onTestFinished(() => stub.close());
    const { run, reports } = await harness([], { model: stubModel(stub) });
    const runs = await Promise.all(
      Array.from({ length: RUNS }, (_, at) => run(`run ${at}`, { thread: `t${at}` })),
    );
    for (const [at, events] of runs.entries()) {
      expect(textOf(events)).toBe(`run ${at}: ${words.join("")}`);
      expect(events.filter(({ type }) => type === "content")).toHaveLength(words.length + 1);
    }
    expect(reports).toEqual([]);
    stub.verify();
  });
});
