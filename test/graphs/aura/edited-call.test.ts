import { ToolMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { closing } from "../../../graphs/aura/outside.ts";
import { callDigest } from "../../../tools/digest.ts";
import { planReply, type StubStep } from "../../helpers/openai-stub.ts";
import { harness, outline } from "../harness.ts";

const notes: StubStep = { reply: { calls: [{ name: "note", args: { text: "milk" } }] } };
const EDITED =
  'EDITED: a person changed the arguments of this call on purpose; do not make it again with yours. What follows is of the call with these: <tool_data>{"text":"tea"}</tool_data>\n';

/** A graph that waits for `note milk`. */
async function waiting() {
  const all = await harness([
    planReply({ title: "Note", tool: "note" }),
    notes,
    { reply: { text: "Fine." } },
  ]);
  await all.run("note milk");
  const [open] = await all.interrupts();
  const answer = async () => {
    const { messages } = await all.state();
    return messages.find((each) => ToolMessage.isInstance(each))?.content;
  };
  return { ...all, answer, decide: (decision: unknown) => all.resume({ [open!.id]: decision }) };
}

describe("a call whose arguments a person has changed", () => {
  it("runs with these; the events and the model's history have both", async () => {
    const { decide, effects, answer, state } = await waiting();
    const args = { text: "tea" };
    const events = await decide({ status: "approved", args, digest: callDigest("note", args) });
    expect(outline(events)).toContain("note completed");
    expect(events.filter(({ type }) => type === "tool_execution")).toMatchObject([
      { status: "executing", parameters: args, proposed: { text: "milk" } },
      { status: "completed", parameters: args, proposed: { text: "milk" }, outcome: "completed" },
    ]);
    expect(effects.notes.map(({ text }) => text)).toEqual(["tea"]);
    expect(await answer()).toBe(`${EDITED}{"noted":"tea"}`);
    expect((await state()).messages).toContainEqual(
      expect.objectContaining({ tool_calls: [expect.objectContaining({ args: { text: "milk" } })] }),
    );
  });

  it.each([
    ["the digest is another call's", { text: "tea" }, callDigest("note", { text: "milk" })],
    ["the tool takes them no more", { txt: "tea" }, callDigest("note", { txt: "tea" })],
  ])("does not run when %s", async (_, args, digest) => {
    const { decide, effects, answer } = await waiting();
    const events = await decide({ status: "approved", args, digest });
    expect(events).toContainEqual(expect.objectContaining({ status: "failed", outcome: "not_executed" }));
    expect(effects.notes).toEqual([]);
    expect(await answer()).toContain("NOT EXECUTED (changed)");
  });

  it("is no other call when nothing was changed", async () => {
    const { decide, answer } = await waiting();
    const events = await decide({ status: "approved", args: { text: "milk" } });
    expect(events.some((event) => "proposed" in event)).toBe(false);
    expect(await answer()).toBe('{"noted":"milk"}');
  });

  it("was asked about with these when it is refused", async () => {
    const { decide, effects, answer } = await waiting();
    const events = await decide({ status: "rejected", reason: "no", args: { text: "tea" } });
    expect(effects.notes).toEqual([]);
    expect(events[0]).toMatchObject({ parameters: { text: "tea" }, proposed: { text: "milk" } });
    expect(await answer()).toMatch(`${EDITED}NOT EXECUTED (rejected)`);
  });

  it("is told so when a run ends from outside", () => {
    const call = { toolCallId: "c", tool: "note", args: { text: "tea" }, proposed: { text: "milk" } };
    const read = (word: Parameters<typeof closing>[1]) => closing(call, word, "en").message.content;
    expect(read({ outcome: "completed", result: 1 })).toBe(`${EDITED}<tool_data>1</tool_data>`);
    expect(read({ outcome: "unknown" })).toContain(`${EDITED}ERROR: outcome unknown`);
    expect(read({ outcome: "failed", problem: "no ink" })).toContain(EDITED);
    expect(read({ outcome: "not_executed", status: "rejected" })).toContain(`${EDITED}NOT EXECUTED`);
    const { proposed: _, ...unchanged } = call;
    expect(closing(unchanged, { outcome: "unknown" }, "en").message.content).not.toContain("EDITED");
  });
});
