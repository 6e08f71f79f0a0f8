import { ToolMessage } from "@langchain/core/messages";
import { Command, MemorySaver } from "@langchain/langgraph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ApprovalDecisionError } from "../../../graphs/approval.ts";
import { createEmbeddedEffectLedger } from "../../../src/adapters/embedded/effect-ledger.ts";
import { InMemorySerializer } from "../../../src/adapters/serializer/serializer.ts";
import type { AuraTool } from "../../../tools/tool.ts";
import { planReply, type StubStep } from "../../helpers/openai-stub.ts";
import { spoilt, strangeValue } from "../../helpers/strange-json.ts";
import { harness, outline, testTools, textOf } from "./harness.ts";

const note = (text: string) => ({ name: "note", args: { text } });
const calls = (...list: { name: string; args: Record<string, unknown> }[]): StubStep => ({
  reply: { calls: list },
});
const FINE: StubStep = { reply: { text: "Fine." } };

/** A graph that waits for `note milk`. */
async function waiting(language: "ko" | "en" = "en", last: StubStep[] = [FINE]) {
  const all = await harness([planReply({ title: "Note", tool: "note" }), calls(note("milk")), ...last]);
  await all.run("note milk", { language });
  const [open] = await all.interrupts();
  if (open === undefined) throw new Error("nothing waits");
  return {
    ...all,
    open,
    decide: (decision: unknown) => all.resume({ [open.id]: decision }),
    answer: async () => (await all.state()).messages.find((each) => ToolMessage.isInstance(each)),
  };
}

describe("the request", () => {
  it("is LangChain's as well, with all of the arguments, in both spellings", async () => {
    const { open } = await waiting();
    const action = { name: "note", args: { text: "milk" }, description: "Run note with milk?" };
    const decisions = ["approve", "edit", "reject", "respond"];
    expect(open.value).toMatchObject({
      actionRequests: [action],
      reviewConfigs: [{ actionName: "note", allowedDecisions: decisions }],
      // agent-inbox reads `arguments`.
      action_requests: [{ ...action, arguments: action.args }],
      review_configs: [{ action_name: "note", allowed_decisions: decisions }],
    });
  });

  it("is ours alone where LangGraph's clients do not come", async () => {
    const script = [planReply({ title: "Note" }), calls(note("milk"))];
    const { run, interrupts } = await harness(script, { langGraphClients: false });
    await run("note milk");
    const [open] = await interrupts();
    expect(Object.keys(open?.value ?? {}).sort()).toEqual(
      ["actionType", "context", "digest", "kind", "message", "taskId", "toolCallId"].sort(),
    );
  });
});

const edit = { name: "note", args: { text: "tea" } };
const inboxEdit = { action: "note", args: { text: "tea" } };
const inboxSame = { action: "note", args: { text: "milk" } };

describe("an answer", () => {
  it.each<[string, unknown]>([
    ["approve", { decisions: [{ type: "approve" }] }],
    ["approve, alone in decisions", { decisions: { type: "approve" } }],
    ["approve, alone", { type: "approve" }],
    ["accept", [{ type: "accept", args: null }]],
    ["accept of what was shown", [{ type: "accept", args: inboxSame }]],
    ["accept, alone", { type: "accept" }],
    ["our own", { status: "approved" }],
    ["an edit that changes nothing", [{ type: "edit", args: inboxSame }]],
  ])("approves: %s", async (_, decision) => {
    const { decide, effects, answer } = await waiting();
    const events = await decide(decision);
    expect(outline(events)).toContain("note completed");
    expect(events.some((event) => "proposed" in event)).toBe(false);
    expect(effects.notes.map(({ text }) => text)).toEqual(["milk"]);
    expect(await answer()).toMatchObject({ status: "success", content: '{"noted":"milk"}' });
  });

  it.each<[string, unknown]>([
    ["Python's", { decisions: [{ type: "edit", edited_action: edit }] }],
    ["JavaScript's", { decisions: [{ type: "edit", editedAction: edit }] }],
    ["agent-inbox's", [{ type: "edit", args: inboxEdit }]],
    ["alone", { type: "edit", edited_action: edit }],
    ["our own", { status: "approved", args: { text: "tea" } }],
  ])("is an edit, and the approval of it: %s", async (_, decision) => {
    const { decide, effects, answer } = await waiting();
    expect(await decide(decision)).toContainEqual(
      expect.objectContaining({
        ...{ status: "completed", outcome: "completed", toolCallId: "call_2_0" },
        ...{ parameters: { text: "tea" }, proposed: { text: "milk" } },
      }),
    );
    expect(effects.notes.map(({ text }) => text)).toEqual(["tea"]);
    expect((await answer())?.content).toMatch(/^EDITED: .*"tea".*\n\{"noted":"tea"\}$/s);
  });

  it.each<[string, unknown, string | undefined]>([
    ["reject", { decisions: [{ type: "reject" }] }, undefined],
    ["reject with a reason", { decisions: [{ type: "reject", message: "not today" }] }, "not today"],
    ["ignore", [{ type: "ignore", args: null }], undefined],
    ["ours", { status: "rejected", reason: "no" }, "no"],
  ])("rejects: %s", async (_, decision, reason) => {
    const { decide, effects, answer } = await waiting();
    const [event] = await decide(decision);
    expect(event).toMatchObject({
      outcome: "not_executed",
      result: reason === undefined ? "The approval was rejected." : `The approval was rejected: ${reason}`,
    });
    expect(effects.notes).toEqual([]);
    const content = String((await answer())?.content);
    expect(content).toContain("NOT EXECUTED (rejected)");
    expect(/Reason: (.*)$/s.exec(content)?.[1]).toBe(reason);
  });

  it.each<[string, unknown]>([
    ["respond", { decisions: [{ type: "respond", message: "I have told Kim myself." }] }],
    ["response", [{ type: "response", args: "I have told Kim myself." }]],
    ["ours", { status: "answered", reason: "I have told Kim myself." }],
  ])("is the tool's answer, and nothing runs: %s", async (_, decision) => {
    const { decide, effects, answer, state } = await waiting();
    const events = await decide(decision);
    expect(effects.notes).toEqual([]);
    expect(events[0]).toMatchObject({
      ...{ status: "failed", outcome: "not_executed", parameters: { text: "milk" } },
      result: "The tool was not run; the user answered in its place: I have told Kim myself.",
    });
    expect(await answer()).toMatchObject({
      status: "success",
      content: expect.stringMatching(/^NOT EXECUTED \(answered\).* Answer: I have told Kim myself\.$/s),
    });
    expect((await state()).steps[0]).toMatchObject({ status: "failed" });
    expect(textOf(events)).toBe("Fine.");
  });

  it.each<[string, unknown, RegExp, RegExp]>([
    ["none", { decisions: [] }, /exactly one decision; this one holds 0/, /정확히 하나.*0개/],
    ["an empty list", [], /holds 0/, /0개/],
    ["two", [{ type: "accept" }, { type: "accept" }], /holds 2/, /2개/],
    ["a list in a list", [[{ type: "accept" }]], /no answer to an approval/, /읽을 수 없습니다/],
    ["an unknown type", { decisions: [{ type: "maybe" }] }, /no answer/, /읽을 수 없습니다/],
    ["a text", "yes", /an approval is resumed with \{"status": "approved" \|/, /읽을 수 없습니다/],
    [
      "an edit of another tool",
      { decisions: [{ type: "edit", edited_action: { name: "echo", args: { text: "x" } } }] },
      /An edit keeps its tool: this approval is of "note", not of "echo"/,
      /도구는 바꿀 수 없습니다.*"note".*"echo"/,
    ],
    [
      "an edit that the tool does not take",
      [{ type: "edit", args: { action: "note", args: { text: 5 } } }],
      /changed arguments cannot be taken.*not valid.*text/s,
      /수정한 인자를 받아들일 수 없어.*올바르지 않습니다.*text/s,
    ],
    [
      "... written by hand",
      { status: "approved", args: { txt: "x" } },
      /cannot be taken/,
      /받아들일 수 없어/,
    ],
    [
      "an edit that cannot be shown",
      [{ type: "edit", args: { action: "note", args: { text: "x".repeat(20_000) } } }],
      /too large to be shown/,
      /너무 커서/,
    ],
    ["an edit without one", [{ type: "edit", args: null }], /holds the changed arguments once/, /한 번만/],
    [
      "an edit with two",
      [{ type: "edit", args: inboxEdit, edited_action: edit }],
      /holds the changed arguments once/,
      /한 번만/,
    ],
    [
      "an acceptance of something else",
      [{ type: "accept", args: inboxEdit }],
      /exactly what was shown/,
      /그대로/,
    ],
    ["an approval with an edit", { type: "approve", edited_action: edit }, /which one is meant/, /어느 쪽/],
    ["an approval with a remark", { type: "approve", message: "if Kim agrees" }, /which one/, /어느 쪽/],
    ["both forms at once", { type: "approve", status: "rejected" }, /which one/, /어느 쪽/],
    [
      "... one within the other",
      { decisions: [{ type: "approve", status: "rejected" }] },
      /which one/,
      /어느/,
    ],
    ["a response without text", [{ type: "response", args: "" }], /takes the text/, /글이 있어야/],
    ["a response of ours without text", { status: "answered" }, /takes the text/, /글이 있어야/],
  ])("is refused in the run's language, and the approval still waits: %s", async (_, wrong, en, ko) => {
    for (const [language, said] of [["en", en] as const, ["ko", ko] as const]) {
      const { decide, effects, interrupts, open } = await waiting(language);
      const failing = decide(wrong);
      await expect(failing).rejects.toThrow(ApprovalDecisionError);
      await expect(failing).rejects.toThrow(said);
      expect(effects.notes).toEqual([]);
      expect((await interrupts()).map(({ id }) => id)).toEqual([open.id]);
      expect(textOf(await decide({ decisions: [{ type: "approve" }] }))).toBe("Fine.");
      expect(effects.notes.map(({ text }) => text)).toEqual(["milk"]);
    }
  });

  it("that nests without end is refused", async () => {
    const { decide, effects } = await waiting();
    let value: unknown = 1;
    for (let level = 0; level < 5_000; level += 1) value = [value];
    await expect(decide(value)).rejects.toThrow("nests too deep");
    expect(effects.notes).toEqual([]);
  });
});

describe("values that are no texts", () => {
  const seen: unknown[] = [];
  const tool = { ...testTools({ notes: [], echoes: [] })[0]!, name: "order" };
  const order: AuraTool = {
    ...tool,
    schema: z.strictObject({
      items: z.array(z.string()),
      count: z.number(),
      rush: z.boolean(),
      note: z.string(),
    }),
    approvalMessage: () => "Order?",
    execute: async (args) => seen.push(args),
  };
  const args = { items: ["pen"], count: 2, rush: false, note: "2" };
  const waitingOrder = async () => {
    const all = await harness([planReply({ title: "x" }), calls({ name: "order", args }), FINE], {
      tools: [order],
    });
    await all.run("order");
    const [open] = await all.interrupts();
    return { ...all, decide: (decision: unknown) => all.resume({ [open!.id]: decision }) };
  };

  // Both user interfaces show them as JSON text, and send back the text that a person has edited.
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["a list", { items: '["pen","ink"]' }, { items: ["pen", "ink"] }],
    ["a number", { count: "3" }, { count: 3 }],
    ["yes or no", { rush: "true" }, { rush: true }],
    ["a text that looks like a number stays one", { note: "3" }, { note: "3" }],
  ])("come back as text from an edit: %s", async (_, change, expected) => {
    seen.length = 0;
    const { decide } = await waitingOrder();
    await decide([{ type: "edit", args: { action: "order", args: { ...args, ...change } } }]);
    expect(seen).toEqual([{ ...args, ...expected }]);
  });

  it("come back as text from an edit that was undone, which is sent as an acceptance", async () => {
    seen.length = 0;
    const { decide } = await waitingOrder();
    const undone = { ...args, items: '["pen"]', count: "2" };
    await decide([{ type: "accept", args: { action: "order", args: undone } }]);
    expect(seen).toEqual([args]);
  });

  it.each(["three", "[3", '{"a":1}'])(
    "are refused when the text is nothing of the kind: %s",
    async (count) => {
      seen.length = 0;
      const { decide } = await waitingOrder();
      const changed = { type: "edit", args: { action: "order", args: { ...args, count } } };
      await expect(decide([changed])).rejects.toThrow(/cannot be taken.*count/s);
      expect(seen).toEqual([]);
    },
  );
});

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

describe("a thread that a person closes without an answer", () => {
  // As agent-chat-ui marks one as resolved.
  it("has run nothing", async () => {
    const { stream, effects, run } = await waiting("en", [
      planReply({ title: "x" }),
      { reply: { text: "Hello." } },
    ]);
    await stream(new Command<unknown, any, any>({ goto: "__end__" }));
    expect(textOf(await run("hello"))).toBe("Hello.");
    expect(effects.notes).toEqual([]);
  });
});

describe("an edit and a crash", () => {
  const decision = { decisions: [{ type: "edit", edited_action: edit }] };

  it("inside the effect: not twice, and told with the arguments that were used", async () => {
    const running = Promise.withResolvers<void>();
    const ran: unknown[] = [];
    const slow: AuraTool = {
      ...testTools({ notes: [], echoes: [] })[0]!,
      execute(args, { signal }) {
        ran.push(args);
        running.resolve();
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    };
    const { graph, config, run, resume, interrupts } = await harness(
      [planReply({ title: "Note" }), calls(note("milk")), FINE],
      { ledger: createEmbeddedEffectLedger(), tools: [slow] },
    );
    await run("note milk");
    const [open] = await interrupts();
    const cut = new AbortController();
    const resuming = graph.invoke(new Command({ resume: { [open!.id]: decision } }), {
      ...config(),
      signal: cut.signal,
    });
    await running.promise;
    cut.abort();
    await expect(resuming).rejects.toThrow();
    const events = await resume({ [open!.id]: decision });
    expect(events[0]).toMatchObject({
      ...{ status: "failed", outcome: "unknown" },
      ...{ parameters: { text: "tea" }, proposed: { text: "milk" } },
    });
    expect(ran).toEqual([{ text: "tea" }]);
  });

  it("behind the effect: its outcome is told, with the arguments that were used", async () => {
    const ledger = createEmbeddedEffectLedger();
    const { run, resume, interrupts, effects } = await harness(
      [planReply({ title: "Note" }), calls(note("milk")), FINE],
      { ledger },
    );
    await run("note milk");
    const [open] = await interrupts();
    const { taskId, toolCallId } = open!.value;
    const key = { threadId: "thread-1", taskId, toolCallId };
    await ledger.begin(key);
    await ledger.finish(key, { ok: true, result: { noted: "tea" } });
    const events = await resume({ [open!.id]: decision });
    expect(effects.notes).toEqual([]);
    expect(events).toContainEqual(
      expect.objectContaining({ status: "completed", parameters: { text: "tea" }, result: { noted: "tea" } }),
    );
  });
});

describe("any JSON as the answer", () => {
  const known: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
    { decisions: [{ type: "approve" }] },
    { decisions: [{ type: "edit", edited_action: edit }] },
    { decisions: [{ type: "reject", message: "no" }] },
    { decisions: [{ type: "respond", message: "myself" }] },
    [{ type: "accept", args: inboxSame }],
    [{ type: "edit", args: inboxEdit }],
    [{ type: "response", args: "myself" }],
    [{ type: "ignore", args: null }],
    { status: "approved", args: { text: "tea" } },
  );

  it("is understood, or refused with the approval still open; nothing runs that was not approved", async () => {
    const ran: unknown[] = [];
    const [first] = testTools({ notes: [], echoes: [] });
    const tools: AuraTool[] = [{ ...first!, execute: async (args) => ran.push(args) }];
    const { stub, run, stream, state, interrupts } = await harness([], {
      tools,
      // LangGraph's own would make objects of some of what is sent.
      checkpointer: new MemorySaver(new InMemorySerializer()),
    });
    let thread = 0;
    const property = async (value: unknown, isPlain: boolean) => {
      thread += 1;
      const name = `fuzz-${thread}`;
      ran.length = 0;
      stub.script(planReply({ title: "x" }), calls(note("milk")), FINE);
      await run("note milk", { thread: name });
      const [open] = await interrupts(name);
      const resume = isPlain ? value : { [open!.id]: value };
      const outcome = await stream(new Command({ resume }), name).then(
        () => "understood",
        (error: unknown) => error,
      );
      if ((await interrupts(name)).length > 0) {
        expect(ran).toEqual([]);
        expect(outcome).toBeInstanceOf(Error);
        await stream(new Command({ resume: { [open!.id]: { status: "rejected" } } }), name);
      } else {
        expect(outcome).toBe("understood");
        expect(ran.length > 0).toBe(approves(value));
      }
      expect((await state(name)).messages.at(-1)?.text).toBe("Fine.");
    };
    await fc.assert(fc.asyncProperty(fc.oneof(known, strangeValue, spoilt(known)), fc.boolean(), property), {
      numRuns: 150,
    });
  });
});

/** Read naively, by somebody who does not know the code. */
function approves(value: unknown): boolean {
  const text = JSON.stringify(value) ?? "";
  return /"(?:type":"(?:approve|accept|edit)|status":"approved)"/.test(text);
}
