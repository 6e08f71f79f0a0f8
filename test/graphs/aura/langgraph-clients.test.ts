import { ToolMessage } from "@langchain/core/messages";
import { Command } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ApprovalDecisionError } from "../../../graphs/state/approval.ts";
import type { AuraTool } from "../../../tools/tool.ts";
import { planReply, type StubStep } from "../../helpers/openai-stub.ts";
import { harness, outline, testTools, textOf } from "../harness.ts";

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
    // LangGraph's SDK puts the one list in the place of the other; agent-chat-ui reads `action_name` all the same.
    expect(open.value).toMatchObject({
      reviewConfigs: [{ action_name: "note", allowed_decisions: decisions }],
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
    [
      "of LangGraph's SDK, in both",
      { decisions: [{ type: "edit", editedAction: edit, edited_action: edit }] },
    ],
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
      [{ type: "edit", args: inboxEdit, edited_action: { ...edit, args: { text: "coffee" } } }],
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
