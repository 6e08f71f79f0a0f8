import { Command } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { planReply, type StubStep } from "../../helpers/openai-stub.ts";
import { harness, outline, textOf } from "../harness.ts";

const note = (text: string) => ({ name: "note", args: { text } });
const calls = (...list: { name: string; args: Record<string, unknown> }[]): StubStep => ({
  reply: { calls: list },
});
const FINE: StubStep = { reply: { text: "Fine." } };

describe("two calls that wait", () => {
  const two = () => harness([planReply({ title: "A" }, { title: "B" }), calls(note("a"), note("b")), FINE]);

  it("are answered by their ids, each in any form", async () => {
    const { run, resume, interrupts, effects } = await two();
    await run("note a and b");
    const [a, b] = await interrupts();
    const events = await resume({
      [a!.id]: { decisions: [{ type: "edit", edited_action: { name: "note", args: { text: "A" } } }] },
      [b!.id]: [{ type: "response", args: "later" }],
    });
    expect(effects.notes.map(({ text }) => text)).toEqual(["A"]);
    expect(textOf(events)).toBe("Fine.");
  });

  it("are answered one after the other", async () => {
    const { run, resume, interrupts, effects } = await two();
    await run("note a and b");
    const [a, b] = await interrupts();
    await resume({ [b!.id]: [{ type: "edit", args: { action: "note", args: { text: "B" } } }] });
    expect((await interrupts()).map(({ id }) => id)).toEqual([a!.id]);
    await resume({ [a!.id]: { type: "ignore" } });
    expect(effects.notes.map(({ text }) => text)).toEqual(["B"]);
  });

  it("do not share one answer: it has to say which is meant while both wait", async () => {
    const { run, stream, resume, interrupts, effects } = await two();
    await run("note a and b");
    const [a] = await interrupts();
    const plain = new Command<unknown, any, any>({ resume: { decisions: [{ type: "approve" }] } });
    await expect(stream(plain)).rejects.toThrow("you must specify the interrupt id");
    expect(effects.notes).toEqual([]);
    expect(await interrupts()).toHaveLength(2);
    await resume({ [a!.id]: { type: "approve" } });
    expect(textOf(await stream(plain))).toBe("Fine.");
    expect(effects.notes.map(({ text }) => text)).toEqual(["a", "b"]);
  });
});

describe("calls that are asked about one at a time", () => {
  const echo = { name: "echo", args: { text: "hi" } };
  const approve = new Command<unknown, any, any>({ resume: { decisions: [{ type: "approve" }] } });
  const reject = new Command<unknown, any, any>({ resume: [{ type: "ignore", args: null }] });
  const script = (...list: Parameters<typeof calls>) => [
    planReply({ title: "A", tool: "note" }, { title: "E", tool: "echo" }, { title: "B", tool: "note" }),
    calls(...list),
    {
      expect: ({ messages }) =>
        expect(messages.slice(2).map(({ role, tool_call_id }) => [role, tool_call_id])).toEqual([
          ["assistant", undefined],
          ...["call_2_0", "call_2_1", "call_2_2"].map((id) => ["tool", id]),
        ]),
      reply: { text: "Fine." },
    } satisfies StubStep,
  ];

  it("need no id; each moves its own step, and the model is asked once all are answered", async () => {
    const { run, stream, interrupts, effects, stub, state } = await harness(
      script(note("a"), echo, note("b")),
      { oneAtATime: true },
    );
    const waits = async () => (await interrupts()).map(({ value }) => value.context.text);
    expect(outline(await run("go")).slice(3)).toEqual([
      ...["step-2 in_progress", "echo executing", "echo completed", "step-2 completed"],
    ]);
    expect(await waits()).toEqual(["a"]);
    expect(outline(await stream(reject))).toEqual(["note failed", "step-1 failed"]);
    expect(await waits()).toEqual(["b"]);
    expect(outline(await stream(approve))).toEqual([
      ...["step-3 in_progress", "note executing", "note completed", "step-3 completed"],
      "content Fine.",
    ]);
    expect(effects).toMatchObject({ echoes: ["hi"], notes: [{ text: "b" }] });
    expect((await state()).turns).toBe(2);
    stub.verify();
  });

  it("are given up when a new prompt comes instead of an answer", async () => {
    const { run, interrupts, effects, state } = await harness(
      [
        planReply({ title: "x" }),
        calls(note("a"), note("b")),
        planReply({ title: "x" }),
        { reply: { text: "Hello." } },
      ],
      { oneAtATime: true },
    );
    await run("note a and b");
    expect(await interrupts()).toHaveLength(1);
    expect(textOf(await run("hello"))).toBe("Hello.");
    expect(await interrupts()).toEqual([]);
    expect(effects.notes).toEqual([]);
    expect((await state()).messages.at(-1)?.text).toBe("Hello.");
  });

  it("may be as many as a turn can hold, in as many turns as there can be", async () => {
    const limits = { maxTurns: 3, maxCalls: 4, maxOutput: 100_000 };
    const four = () => calls(...["a", "b", "c", "d"].map(note));
    const { run, stream, interrupts, effects } = await harness(
      [planReply({ title: "x" }), four(), four(), four()],
      { oneAtATime: true, limits },
    );
    await run("go");
    while ((await interrupts()).length > 0) await stream(approve);
    expect(effects.notes.map(({ text }) => text).join("")).toBe("abcd".repeat(3));
  });
});
