import { AIMessage, ToolMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { modelFailure } from "../../../graphs/model/errors.ts";
import { DEFAULT_LIMITS, type GraphLimits } from "../../../graphs/state/limits.ts";
import { planReply, type StubReply, type StubStep } from "../../helpers/openai-stub.ts";
import { harness, textOf } from "../harness.ts";

const say = (text: string): StubStep => ({ reply: { text } });
const limited = (limits: Partial<GraphLimits>) => ({ limits: { ...DEFAULT_LIMITS, ...limits } });
const echoes = (count: number): StubReply => ({
  calls: Array.from({ length: count }, (_, at) => ({ name: "echo", args: { text: `${at}` } })),
});

describe("more tool calls than one message may have", () => {
  it("are dropped: the first run, model and user are told of the others, the history is valid", async () => {
    const { run, state, stub, effects } = await harness([
      planReply({ title: "Much" }),
      { reply: echoes(1_000) },
      {
        expect: ({ messages }) => {
          const last = String(messages.at(-1)?.content);
          expect(last).toMatch(
            /^ERROR: NOT EXECUTED: at most 32 calls in one message\..* 968 more were dropped/,
          );
        },
        reply: { text: "I will do less." },
      },
    ]);
    const events = await run("much");
    stub.verify();
    expect(textOf(events)).toBe("I will do less.");
    expect(effects.echoes).toEqual(Array.from({ length: 32 }, (_, at) => `${at}`));
    const told = events.filter((event) => event.type === "tool_execution" && event.status === "failed");
    expect(told).toMatchObject([{ tool: "echo", parameters: {}, result: expect.stringContaining("968") }]);
    expect(events.length).toBeLessThan(100);
    const { messages } = await state();
    const calls = messages.flatMap((each) => (AIMessage.isInstance(each) ? (each.tool_calls ?? []) : []));
    const answers = messages.filter((each) => ToolMessage.isInstance(each));
    expect(answers.map(({ tool_call_id }) => tool_call_id)).toEqual(calls.map(({ id }) => id));
    expect(calls).toHaveLength(33);
  });

  it("are counted by the setting, and told in the user's language", async () => {
    const { run, stub, effects } = await harness(
      [planReply({ title: "x" }), { reply: echoes(3) }, say("ok")],
      limited({ maxCalls: 2 }),
    );
    const events = await run("three", { language: "ko" });
    stub.verify();
    expect(effects.echoes).toEqual(["0", "1"]);
    expect(JSON.stringify(events)).toContain("처음 2건만 받아들이고 1건은 실행하지 않았습니다");
  });

  it("are no more than there may be: nothing is dropped of 32", async () => {
    const { run, stub, effects } = await harness([
      planReply({ title: "x" }),
      { reply: echoes(32) },
      say("ok"),
    ]);
    await run("all");
    stub.verify();
    expect(effects.echoes).toHaveLength(32);
  });

  it("need no approval, however many would: what is dropped is not asked about", async () => {
    const notes = Array.from({ length: 5 }, (_, at) => ({ name: "note", args: { text: `${at}` } }));
    const { run, interrupts } = await harness(
      [planReply({ title: "x" }), { reply: { calls: notes } }],
      limited({ maxCalls: 2 }),
    );
    await run("notes");
    expect((await interrupts()).map(({ value }) => value.context)).toEqual([{ text: "0" }, { text: "1" }]);
  });
});

it("counts what the model writes over all turns of a run, and anew in the next run", async () => {
  const turn: StubStep = { reply: { text: "x".repeat(400), calls: [{ name: "echo", args: { text: "a" } }] } };
  const { run, state, stub } = await harness(
    [planReply({ title: "x" }), turn, turn, say("x".repeat(300))],
    limited({ maxOutput: 1_000 }),
  );
  const error = await run("long").catch((caught: unknown) => caught);
  expect(modelFailure(error)).toBe("endless");
  stub.verify();
  stub.script(planReply({ title: "x" }), say("x".repeat(300)));
  await run("again");
  expect((await state()).written).toBeGreaterThan(300);
  expect((await state()).written).toBeLessThan(500);
});

describe("a run whose time is over", () => {
  it("reads no more of a server that sends nothing for ever", async () => {
    const { graph, config, stub } = await harness([
      planReply({ title: "x" }),
      { reply: { endless: { content: "" } } },
    ]);
    const over = new AbortController();
    const configurable = { ...config().configurable, modelSignal: over.signal };
    const input = { messages: [{ role: "user", content: "hi" }], context: {}, language: "en" as const };
    const asked = expect.poll(() => stub.requests.length).toBe(2);
    const ended = graph.invoke(input, { configurable }).catch((caught: unknown) => caught);
    await asked;
    const reason = new Error("time is over");
    over.abort(reason);
    expect(await ended).toBe(reason);
    await expect.poll(() => stub.sending()).toBe(0);
  });

  it("does not begin to ask, and does not take the plan's failure for a missing plan", async () => {
    const { graph, config, stub } = await harness([]);
    const reason = new Error("time is over");
    const configurable = { ...config().configurable, modelSignal: AbortSignal.abort(reason) };
    const input = { messages: [{ role: "user", content: "hi" }], context: {}, language: "en" as const };
    expect(await graph.invoke(input, { configurable }).catch((caught: unknown) => caught)).toBe(reason);
    expect(stub.requests).toHaveLength(0);
  });
});
