import { describe, expect, it } from "vitest";
import { answerCalls, closing, keepPartialAnswer, openCalls } from "../../../graphs/aura/outside.ts";
import type { GraphEvent } from "../../../graphs/state/graph-event.ts";
import { runInput } from "../../../graphs/state/state.ts";
import { planReply, type StubStep } from "../../helpers/openai-stub.ts";
import { harness, textOf } from "../harness.ts";

const say = (...text: string[]): StubStep => ({ reply: { text } });
const notes: StubStep = { reply: { calls: [{ name: "note", args: { text: "milk" } }] } };

describe("what the service puts into a history", () => {
  it.each(["superseded", "cancelled"] as const)("closes calls that are %s", async (status) => {
    const { run, graph, config, interrupts, effects, stub } = await harness([
      planReply({ title: "Note", tool: "note" }),
      notes,
      planReply({ title: "Answer" }),
      {
        expect: ({ messages }) => expect(messages[3]?.content).toContain(`NOT EXECUTED (${status})`),
        reply: { text: "Fine." },
      },
    ]);
    await run("note milk");
    const open = openCalls(await graph.getState(config()));
    const asked = (await interrupts()).map(({ value: { taskId, toolCallId } }) => ({ taskId, toolCallId }));
    expect(open).toMatchObject(asked.map((call) => ({ ...call, tool: "note", args: { text: "milk" } })));
    const closed = open.map((call) => closing(call, { outcome: "not_executed", status }, "en"));
    expect(closed[0]?.told.result).toMatch(
      status === "superseded" ? /^A newer request/ : /^The approval was cancelled/,
    );
    await answerCalls(graph, config(), closed);
    expect(textOf(await run("something else"))).toBe("Fine.");
    expect(effects.notes).toEqual([]);
    stub.verify();
  });

  it("keeps what was said before a cut, and takes the next prompt", async () => {
    const { run, graph, config, stub } = await harness([
      planReply({ title: "Answer" }),
      { reply: { cut: "drop", text: ["Hel"] } },
      planReply({ title: "Answer" }),
      {
        expect: ({ messages }) =>
          expect(messages.slice(1).map(({ content }) => content)).toEqual(["hi", "Hel", "go on"]),
        reply: { text: "Hello" },
      },
    ]);
    await expect(run("hi")).rejects.toThrow();
    await keepPartialAnswer(graph, config(), { messageId: "msg_1", text: "Hel" });
    expect((await graph.getState(config())).next).toEqual(["finish"]);
    expect(textOf(await run("go on"))).toBe("Hello");
    stub.verify();
  });

  it("knows a run's prompt by the run's id, and takes it once", async () => {
    const { stream, state, stub } = await harness([
      planReply({ title: "Answer" }),
      say("one"),
      planReply({ title: "Answer" }),
      say("two"),
    ]);
    const input = { prompt: "hi", context: {}, language: "en", runId: "run-1" } as const;
    await stream(runInput(input));
    await stream(runInput(input));
    const { messages } = await state();
    expect(messages.filter(({ type }) => type === "human").map(({ id }) => id)).toEqual(["run-1"]);
    stub.verify();
  });
});

describe("the id of a streamed message", () => {
  it("is the same when the step runs again after a failure, and another one in every turn", async () => {
    const { graph, config, run, state, stub } = await harness([
      planReply({ title: "Answer" }),
      { reply: { cut: "drop", text: ["Hel"] } },
      { reply: { text: "Hello. ", calls: [{ name: "echo", args: { text: "x" } }] } },
      say("Done."),
    ]);
    const seen: [id: string, text: string][] = [];
    const collect = async (input: Parameters<typeof graph.stream>[0]) => {
      const parts = await graph.stream(input, { ...config(), streamMode: "custom", durability: "sync" });
      for await (const event of parts as AsyncIterable<GraphEvent>) {
        if (event.type === "content") seen.push([event.messageId, event.content]);
      }
    };
    await expect(collect(runInput({ prompt: "hi", context: {}, language: "en" }))).rejects.toThrow();
    await collect(null);
    expect(seen.map(([, text]) => text)).toEqual(["Hel", "Hello. ", "Done."]);
    const [first, again, next] = seen.map(([id]) => id);
    expect(again).toBe(first);
    expect(next).not.toBe(first);
    expect(first).toMatch(/^msg_[0-9a-f-]{36}$/);
    const answers = (await state()).messages.filter(({ type }) => type === "ai");
    expect(answers.map(({ id }) => id)).toEqual([first, next]);
    stub.verify();

    stub.script(planReply({ title: "Answer" }), say("Again."));
    const events = await run("hi");
    const ids = events.flatMap((event) => (event.type === "content" ? [event.messageId] : []));
    expect([first, next]).not.toContain(ids[0]);
  });
});
