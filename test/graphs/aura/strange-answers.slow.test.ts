import { InMemorySerializer } from "@aura-platform/checkpoint-redis/serializer/serializer.ts";
import { Command, MemorySaver } from "@langchain/langgraph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEmbeddedEffectLedger } from "../../../src/adapters/embedded/effect-ledger.ts";
import type { AuraTool } from "../../../tools/tool.ts";
import { planReply, type StubStep } from "../../helpers/openai-stub.ts";
import { spoilt, strangeValue } from "../../helpers/strange-json.ts";
import { harness, testTools } from "../harness.ts";

const note = (text: string) => ({ name: "note", args: { text } });
const calls = (...list: { name: string; args: Record<string, unknown> }[]): StubStep => ({
  reply: { calls: list },
});
const FINE: StubStep = { reply: { text: "Fine." } };
const edit = { name: "note", args: { text: "tea" } };
const inboxEdit = { action: "note", args: { text: "tea" } };
const inboxSame = { action: "note", args: { text: "milk" } };

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
