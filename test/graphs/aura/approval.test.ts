import { ToolMessage } from "@langchain/core/messages";
import { Command, END, MemorySaver, Send, START, StateGraph } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { NO_LEDGER } from "../../../graphs/aura/effect-ledger.ts";
import { langChainRequest } from "../../../graphs/aura/langchain-request.ts";
import { toolNode } from "../../../graphs/aura/tool-call.ts";
import type { ToolTask } from "../../../graphs/aura/tool-task.ts";
import { createUnderWay } from "../../../graphs/aura/under-way.ts";
import { ApprovalDecisionError } from "../../../graphs/state/approval.ts";
import { AuraState, runInput } from "../../../graphs/state/state.ts";
import { refusalMessage } from "../../../graphs/state/tool-answer.ts";
import { callDigest } from "../../../tools/digest.ts";
import { createToolRegistry } from "../../../tools/registry.ts";
import { planReply, type StubStep } from "../../helpers/openai-stub.ts";
import { type Effects, harness, outline, testTools, textOf } from "../harness.ts";

const notes = (...texts: string[]): StubStep => ({
  reply: { calls: texts.map((text) => ({ name: "note", args: { text } })) },
});
const say = (text: string): StubStep => ({ reply: { text } });

describe("an approval", () => {
  it("suspends before anything of the call is emitted, and runs the tool when approved", async () => {
    const { run, resume, interrupts, effects, stub } = await harness([
      planReply({ title: "Note", tool: "note" }),
      notes("milk"),
      say("Noted."),
    ]);
    expect(outline(await run("note milk"))).toEqual(["step-1 pending"]);
    expect(effects.notes).toEqual([]);

    const [interrupt] = await interrupts();
    expect(interrupt?.value).toEqual({
      kind: "approval",
      taskId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      toolCallId: "call_2_0",
      actionType: "note",
      context: { text: "milk" },
      digest: callDigest("note", { text: "milk" }),
      message: "Run note with milk?",
      ...langChainRequest({
        actionType: "note",
        context: { text: "milk" },
        message: "Run note with milk?",
      }),
    });

    const events = await resume({ [interrupt!.id]: { status: "approved" } });
    expect(outline(events)).toEqual([
      "step-1 in_progress",
      "note executing",
      "note completed",
      "step-1 completed",
      "content Noted.",
    ]);
    expect(effects.notes).toHaveLength(1);
    expect(effects.notes[0]?.context).toMatchObject({
      threadId: "thread-1",
      taskId: interrupt!.value.taskId,
      toolCallId: "call_2_0",
      tenantId: "tenant1",
      userId: "user1",
      language: "en",
    });
    stub.verify();
  });

  it.each([
    ["rejected", "The approval was rejected: too late", "NOT EXECUTED (rejected)"],
    ["expired", "The approval has expired: too late", "NOT EXECUTED (expired)"],
    ["superseded", "A newer request took the place of this approval: too late", "NOT EXECUTED (superseded)"],
    ["cancelled", "The approval was cancelled: too late", "NOT EXECUTED (cancelled)"],
  ])("keeps the tool from running when it is %s, and tells the model why", async (status, result, told) => {
    const { run, resume, interrupts, effects, state, stub } = await harness([
      planReply({ title: "Note", tool: "note" }),
      notes("milk"),
      {
        expect: ({ messages }) => {
          expect(messages.at(-1)).toMatchObject({ role: "tool", tool_call_id: "call_2_0" });
          expect(messages.at(-1)?.content).toContain(told);
          expect(messages.at(-1)?.content).toContain("Reason: too late");
        },
        reply: { text: "It was not noted." },
      },
    ]);
    await run("note milk");
    const [interrupt] = await interrupts();
    const events = await resume({ [interrupt!.id]: { status, reason: "too late" } });
    expect(outline(events)).toEqual(["note failed", "step-1 failed", "content It was not noted."]);
    expect(events[0]).toMatchObject({ parameters: { text: "milk" }, result });
    expect(effects.notes).toEqual([]);
    const { steps, messages } = await state();
    expect(steps[0]).toMatchObject({ status: "failed", result });
    expect(steps[0]).not.toHaveProperty("startedAt");
    expect(messages.find((each) => ToolMessage.isInstance(each))).toMatchObject({ status: "error" });
    stub.verify();
  });

  it("decides several calls of one turn in any order, each one once", async () => {
    const { run, resume, interrupts, effects, state, stub } = await harness([
      planReply({ title: "A", tool: "note" }, { title: "B", tool: "note" }, { title: "C", tool: "note" }),
      notes("a", "b", "c"),
      say("All done."),
    ]);
    await run("note a, b and c");
    const open = await interrupts();
    expect(open.map(({ value }) => value.context.text)).toEqual(["a", "b", "c"]);
    expect(new Set(open.map(({ value }) => value.taskId)).size).toBe(3);
    expect(new Set(open.map(({ id }) => id)).size).toBe(3);
    const decide = (at: number, status: string) => resume({ [open[at]!.id]: { status } });

    expect(outline(await decide(2, "approved"))).toEqual([
      "step-3 in_progress",
      "note executing",
      "note completed",
      "step-3 completed",
    ]);
    expect((await interrupts()).map(({ value }) => value.context.text)).toEqual(["a", "b"]);
    expect(outline(await decide(0, "rejected"))).toEqual(["note failed", "step-1 failed"]);
    expect(outline(await decide(1, "approved"))).toEqual([
      "step-2 in_progress",
      "note executing",
      "note completed",
      "step-2 completed",
      "content All done.",
    ]);
    // A finished sibling is not run again by the resumes that follow it.
    expect(effects.notes.map(({ text }) => text)).toEqual(["c", "b"]);
    const { messages, steps } = await state();
    expect(messages.flatMap((each) => (ToolMessage.isInstance(each) ? [each.tool_call_id] : []))).toEqual([
      "call_2_0",
      "call_2_1",
      "call_2_2",
    ]);
    expect(steps.map(({ status }) => status)).toEqual(["failed", "completed", "completed"]);
    stub.verify();
  });

  it("lets a sibling that needs no approval run at once, and only once", async () => {
    const { run, resume, interrupts, effects, stub } = await harness([
      planReply({ title: "Do it" }),
      {
        reply: {
          calls: [
            { name: "note", args: { text: "milk" } },
            { name: "echo", args: { text: "hi" } },
          ],
        },
      },
      say("Done."),
    ]);
    expect(outline(await run("go"))).toContain("echo completed");
    const [interrupt] = await interrupts();
    const events = await resume({ [interrupt!.id]: { status: "approved" } });
    expect(outline(events)).not.toContain("echo executing");
    expect(effects.echoes).toEqual(["hi"]);
    expect(effects.notes).toHaveLength(1);
    stub.verify();
  });

  it("refuses a resume value that is no decision with a typed error, and can still be decided", async () => {
    const { run, resume, interrupts, effects, stub } = await harness([
      planReply({ title: "Note", tool: "note" }),
      notes("milk"),
      say("Noted."),
    ]);
    await run("note milk");
    const [interrupt] = await interrupts();
    for (const wrong of [
      "yes",
      true,
      {},
      { status: "maybe" },
      { status: "approved", reason: 1 },
      { status: "approved", digest: null },
    ]) {
      const failing = resume({ [interrupt!.id]: wrong });
      await expect(failing).rejects.toThrow(ApprovalDecisionError);
      await expect(failing).rejects.toThrow('{"status": "approved" | "rejected"');
      expect(effects.notes).toEqual([]);
    }
    const events = await resume({ [interrupt!.id]: { status: "approved" } });
    expect(textOf(events)).toBe("Noted.");
    expect(effects.notes).toHaveLength(1);
    stub.verify();
  });

  it("lets the sibling of a wrong resume value finish, once", async () => {
    const { run, resume, interrupts, effects, stub } = await harness([
      planReply({ title: "Note" }),
      notes("a", "b"),
      say("Noted."),
    ]);
    await run("note a and b");
    const [a, b] = await interrupts();
    const mixed = resume({ [a!.id]: "nonsense", [b!.id]: { status: "approved" } });
    await expect(mixed).rejects.toThrow(ApprovalDecisionError);
    expect(effects.notes.map(({ text }) => text)).toEqual(["b"]);
    expect((await interrupts()).map(({ id }) => id)).toEqual([a!.id]);
    expect(textOf(await resume({ [a!.id]: { status: "approved" } }))).toBe("Noted.");
    expect(effects.notes.map(({ text }) => text)).toEqual(["b", "a"]);
    stub.verify();
  });

  it("asks only when the policy says so, and when the policy itself breaks", async () => {
    const { run, interrupts, reports, stub } = await harness([
      planReply({ title: "Do it" }),
      {
        reply: {
          calls: [
            { name: "picky", args: { text: "harmless" } },
            { name: "picky", args: { text: "danger" } },
            { name: "confused", args: { text: "x" } },
          ],
        },
      },
    ]);
    const events = await run("go");
    expect(outline(events).filter((line) => line.startsWith("picky"))).toEqual([
      "picky executing",
      "picky completed",
    ]);
    expect((await interrupts()).map(({ value }) => [value.actionType, value.context.text])).toEqual([
      ["picky", "danger"],
      ["confused", "x"],
    ]);
    expect(reports).toMatchObject([{ where: "approval policy of confused" }]);
    stub.verify();
  });

  it("can be superseded from outside, after which the next prompt runs on a valid history", async () => {
    const { run, graph, config, effects, interrupts, stub } = await harness([
      planReply({ title: "Note", tool: "note" }),
      notes("a", "b"),
      planReply({ title: "Answer" }),
      {
        expect: ({ messages }) => {
          expect(messages.slice(1).map(({ role }) => role)).toEqual([
            "user",
            "assistant",
            "tool",
            "tool",
            "user",
          ]);
          expect(messages[3]?.content).toContain("NOT EXECUTED (superseded)");
        },
        reply: { text: "Something else then." },
      },
    ]);
    await run("note a and b");
    const open = await interrupts();
    const messages = open.map(({ value }) =>
      refusalMessage({ id: value.toolCallId, name: value.actionType }, { status: "superseded" }),
    );
    await graph.updateState(config(), { messages }, "tools");
    expect(await interrupts()).toEqual([]);
    expect(textOf(await run("something else"))).toBe("Something else then.");
    expect(effects.notes).toEqual([]);
    stub.verify();
  });

  it("has a new task id on a fork, and the same one on a repeated resume", async () => {
    const { run, resume, graph, config, interrupts, effects, stub } = await harness([
      planReply({ title: "Note", tool: "note" }),
      notes("milk"),
      say("Noted."),
      notes("milk"),
      say("Noted again."),
    ]);
    await run("note milk");
    const [first] = await interrupts();
    await resume({ [first!.id]: { status: "approved" } });
    expect(effects.notes[0]?.context.taskId).toBe(first!.value.taskId);

    const history = [];
    for await (const state of graph.getStateHistory(config())) history.push(state);
    const beforeAgent = history.find(({ next }) => next.includes("agent") && !next.includes("tools"));
    const earliest = history.findLast(({ next }) => next[0] === "agent") ?? beforeAgent;
    const fork = await graph.updateState(earliest!.config, { context: { forked: true } }, "plan");
    for await (const _ of await graph.stream(null, { ...fork, streamMode: "custom" }));
    const [second] = await interrupts();
    expect(second?.value.context).toEqual(first!.value.context);
    expect(second?.value.taskId).not.toBe(first!.value.taskId);
    await resume({ [second!.id]: { status: "approved" } });
    expect(effects.notes.map(({ context }) => context.taskId)).toEqual([
      first!.value.taskId,
      second!.value.taskId,
    ]);
    stub.verify();
  });
});

describe("a call that is more than an approver can be shown", () => {
  const long = "x".repeat(20_000);

  it("is refused before anybody is asked; user and model learn why, and its sibling is asked about", async () => {
    const { run, resume, interrupts, effects, stub } = await harness([
      planReply({ title: "Note", tool: "note" }),
      notes(long, "milk"),
      {
        expect: ({ messages }) =>
          expect(messages.at(-2)?.content).toMatch(
            /^NOT EXECUTED \(too large to show\): .*Split it into several/,
          ),
        reply: { text: "Too long." },
      },
    ]);
    const events = await run("note", { language: "ko" });
    expect(events.filter(({ type }) => type === "tool_execution")).toEqual([
      {
        ...{ type: "tool_execution", tool: "note", toolCallId: "call_2_0", parameters: { text: long } },
        ...{
          status: "failed",
          outcome: "not_executed",
          result: expect.stringMatching(/빠짐없이 보여 줄 수 없습니다.*나누어 요청해 주세요/),
        },
      },
    ]);
    const open = await interrupts();
    expect(open.map(({ value }) => value.context)).toEqual([{ text: "milk" }]);
    await resume({ [open[0]!.id]: { status: "approved" } });
    expect(effects.notes.map(({ text }) => text)).toEqual(["milk"]);
    stub.verify();
  });

  it("needs nobody to see it when it needs no approval", async () => {
    const { run, effects } = await harness([
      planReply({ title: "Echo", tool: "echo" }),
      { reply: { calls: [{ name: "echo", args: { text: long } }] } },
      say("Done."),
    ]);
    await run("echo");
    expect(effects.echoes).toEqual([long]);
  });

  it("is not refused when an older version has asked about it: it may have been done", async () => {
    const effects: Effects = { notes: [], echoes: [] };
    const node = toolNode({
      registry: createToolRegistry(testTools(effects)),
      ledger: NO_LEDGER,
      underWay: createUnderWay(),
      langGraphClients: false,
      report: (error) => {
        throw error;
      },
    });
    const old: ToolTask = {
      call: { id: "c", name: "note", args: { text: long } },
      language: "en",
      asks: true,
    };
    const graph = new StateGraph(AuraState)
      .addNode("tools", node)
      .addConditionalEdges(START, () => [new Send("tools", old)], ["tools"])
      .addEdge("tools", END)
      .compile({ checkpointer: new MemorySaver() });
    const config = { configurable: { thread_id: "t", tenantId: "tenant1", userId: "user1", runId: "r" } };
    await graph.invoke(runInput({ prompt: "p", context: {}, language: "en" }), config);
    const [task] = (await graph.getState(config)).tasks;
    const [open] = task?.interrupts ?? [];
    expect(open?.value).toMatchObject({ context: { text: long }, message: `Run note with ${long}?` });
    expect(open?.value.shown).toBeUndefined();
    await graph.invoke(new Command({ resume: { [open?.id ?? ""]: { status: "approved" } } }), config);
    expect(effects.notes.map(({ text }) => text)).toEqual([long]);
  });
});
