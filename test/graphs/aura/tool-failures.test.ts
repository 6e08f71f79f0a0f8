import { AIMessage, ToolMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { planReply, type StubCall, type StubStep } from "../../helpers/openai-stub.ts";
import { harness, outline, textOf } from "../harness.ts";

const plan = planReply({ title: "Do it" });
const calls = (...list: StubCall[]): StubStep => ({ reply: { calls: list } });

/** The last request's tool messages must match, in order; the model then answers "ok". */
function told(...contents: (string | RegExp)[]): StubStep {
  return {
    expect: ({ messages }) => {
      const answers = messages.filter(({ role }) => role === "tool").map(({ content }) => content);
      expect(answers).toEqual(contents.map((each) => expect.stringMatching(each)));
    },
    reply: { text: "ok" },
  };
}

describe("a tool call that goes wrong", () => {
  it.each<[string, StubCall, string, RegExp]>([
    [
      "an unknown tool",
      { name: "rm_rf", args: { path: "/" } },
      "There is no tool named rm_rf",
      /ERROR: There is no tool named rm_rf\. Tools: note, echo/,
    ],
    [
      "a name from Object's prototype",
      { name: "constructor", args: {} },
      "There is no tool named constructor",
      /ERROR: There is no tool named constructor/,
    ],
    [
      "arguments that the schema refuses",
      { name: "note", args: { text: 7 } },
      "expected string",
      /ERROR: The tool's arguments are not valid: .*expected string.*was not run/s,
    ],
    ["an unknown argument", { name: "note", args: { text: "a", bcc: "b" } }, "bcc", /ERROR: .*bcc/s],
    [
      "malformed JSON",
      { name: "note", args: '{"text": "mi' },
      'not a JSON object: {"text": "mi',
      /ERROR: .*not a JSON object: \{"text": "mi/,
    ],
    [
      "JSON that is no object",
      { name: "note", args: "[1]" },
      "not a JSON object",
      /ERROR: .*not a JSON object/,
    ],
    [
      "a tool that fails",
      { name: "failing", args: { text: "a" } },
      "the printer is on fire",
      /ERROR: the printer is on fire/,
    ],
    [
      "a tool that breaks",
      { name: "broken", args: { text: "a" } },
      "broken failed unexpectedly.",
      /^ERROR: broken failed unexpectedly\.$/,
    ],
  ])("is told to the model and the run goes on: %s", async (_name, call, shown, message) => {
    const { run, effects, state, interrupts, stub } = await harness([plan, calls(call), told(message)]);
    const events = await run("go");
    expect(textOf(events)).toBe("ok");
    const failed = events.find((event) => event.type === "tool_execution" && event.status === "failed");
    expect(failed).toMatchObject({
      tool: call.name,
      toolCallId: "call_2_0",
      result: expect.stringContaining(shown),
    });
    // No approval is asked for a call that cannot run, and nothing was done.
    expect(await interrupts()).toEqual([]);
    expect(effects).toEqual({ notes: [], echoes: [] });
    const { messages } = await state();
    expect(messages.find((each) => ToolMessage.isInstance(each))).toMatchObject({ status: "error" });
    stub.verify();
  });

  it("announces only the calls that run as executing", async () => {
    const { run, stub } = await harness([
      plan,
      calls({ name: "nothing", args: {} }, { name: "failing", args: { text: "a" } }),
      told(/no tool/, /fire/),
    ]);
    const lines = outline(await run("go")).filter((line) => /executing|failed/.test(line));
    expect(lines).toEqual(["nothing failed", "failing executing", "failing failed"]);
    stub.verify();
  });

  it("reports a bug in a tool for the log, without showing its text to anyone", async () => {
    const { run, reports, state, stub } = await harness([
      plan,
      calls({ name: "broken", args: { text: "a" } }, { name: "failing", args: { text: "a" } }),
      told(/unexpectedly/, /fire/),
    ]);
    const events = await run("go");
    expect(reports).toMatchObject([
      { where: "tool broken", error: { message: "x is undefined at secret.ts:1" } },
    ]);
    expect(JSON.stringify([events, await state()])).not.toContain("secret.ts");
    stub.verify();
  });

  it("keeps a history that servers accept: arguments that are JSON", async () => {
    const { run, state, stub } = await harness([
      plan,
      calls({ name: "note", args: "{oops" }),
      {
        expect: ({ messages }) => expect(messages.at(-2)?.tool_calls?.[0]?.function.arguments).toBe("{}"),
        reply: { text: "ok" },
      },
    ]);
    await run("go");
    const message = (await state()).messages.find(
      (each) => AIMessage.isInstance(each) && each.tool_calls?.length,
    );
    expect(message).toMatchObject({ invalid_tool_calls: [{ id: "call_2_0", args: "{oops" }] });
    stub.verify();
  });

  it("survives results that are no JSON, and cuts long ones for the model only", async () => {
    const { testTools } = await import("../harness.ts");
    const [, echo] = testTools({ notes: [], echoes: [] });
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const long = "x".repeat(50_000);
    const returning = (name: string, value: unknown) => ({ ...echo!, name, execute: async () => value });
    const { run, stub } = await harness(
      [
        plan,
        calls(...["ring", "void", "long"].map((name) => ({ name, args: { text: "" } }))),
        told(/^"\[object Object\]"$/, /^null$/, /^"x{19999}… \(cut\)$/),
      ],
      { tools: [returning("ring", circular), returning("void", undefined), returning("long", long)] },
    );
    const events = await run("go");
    const results = events.flatMap((event) =>
      event.type === "tool_execution" && event.status === "completed" ? [event.result] : [],
    );
    expect(results).toHaveLength(3);
    expect(results).toEqual(expect.arrayContaining(["[object Object]", null, long]));
    stub.verify();
  });
});

describe("tool call ids", () => {
  it.each<[string, StubCall[]]>([
    [
      "the same id twice in a turn",
      [
        { id: "call_0", name: "echo", args: { text: "a" } },
        { id: "call_0", name: "echo", args: { text: "b" } },
      ],
    ],
    [
      "empty ids",
      [
        { id: "", name: "echo", args: { text: "a" } },
        { id: "", name: "echo", args: { text: "b" } },
      ],
    ],
    [
      "no ids",
      [
        { id: null, name: "echo", args: { text: "a" } },
        { id: null, name: "echo", args: { text: "b" } },
      ],
    ],
    [
      "the same id and the same index",
      [
        { id: "call_0", index: 0, name: "echo", args: { text: "a" } },
        { id: "call_0", index: 0, name: "echo", args: { text: "b" } },
      ],
    ],
  ])("may be whatever the server likes: %s", async (_name, list) => {
    // The same again in the next turn, as servers do that number from 0 each time.
    const { run, effects, state, stub } = await harness([
      plan,
      calls(...list),
      calls(...list),
      told('"a"', '"b"', '"a"', '"b"'),
    ]);
    const events = await run("go");
    expect(textOf(events)).toBe("ok");
    expect(effects.echoes).toEqual(["a", "b", "a", "b"]);
    const { messages } = await state();
    const ids = messages
      .flatMap((each) => (AIMessage.isInstance(each) ? (each.tool_calls ?? []) : []))
      .map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
    expect(ids.every((id) => id)).toBe(true);
    const answered = messages.flatMap((each) => (ToolMessage.isInstance(each) ? [each.tool_call_id] : []));
    expect(answered).toEqual(ids);
    const onTheWire = events.flatMap((event) => (event.type === "tool_execution" ? [event.toolCallId] : []));
    expect(new Set(onTheWire)).toEqual(new Set(ids));
    stub.verify();
  });
});
