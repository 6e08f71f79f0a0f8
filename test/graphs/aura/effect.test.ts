import { Command } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import type { Outcome } from "../../../graphs/aura/effect.ts";
import { type EffectLedger, storeOutcome } from "../../../graphs/aura/effect-ledger.ts";
import { createEmbeddedEffectLedger } from "../../../src/adapters/embedded/effect-ledger.ts";
import { type AuraTool, ToolError } from "../../../tools/tool.ts";
import { planReply, type StubStep } from "../../helpers/openai-stub.ts";
import { harness, outline, testTools, textOf } from "../harness.ts";

const calls = (...list: { name: string; args: { text: string } }[]): StubStep => ({ reply: { calls: list } });
const note = (text: string) => ({ name: "note", args: { text } });
const told = (...contents: RegExp[]): StubStep => ({
  expect: ({ messages }) => {
    const answers = messages.filter(({ role }) => role === "tool").map(({ content }) => content);
    expect(answers).toEqual(contents.map((each) => expect.stringMatching(each)));
  },
  reply: { text: "ok" },
});
const approved = { status: "approved" };
const away = () => Promise.reject(new Error("the ledger is away"));

/** A graph that waits for the approval of `note milk`, and what its ledger calls that. */
async function waiting(
  last: StubStep[] = [told(/noted/)],
  ledger: EffectLedger = createEmbeddedEffectLedger(),
) {
  const all = await harness([planReply({ title: "Note", tool: "note" }), calls(note("milk")), ...last], {
    ledger,
  });
  await all.run("note milk");
  const [open] = await all.interrupts();
  const { taskId, toolCallId } = open!.value;
  const key = { threadId: "thread-1", taskId, toolCallId };
  return { ...all, ledger, key, approve: () => all.resume({ [open!.id]: approved }) };
}

/** A promise, and the way to fulfil it. */
function latch() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe("an effect", () => {
  it("is begun before the tool runs, and what came of it is stored", async () => {
    const { approve, ledger, key, effects } = await waiting();
    await approve();
    expect(effects.notes).toHaveLength(1);
    expect(await ledger.begin(key)).toEqual({
      state: "done",
      outcome: { ok: true, result: { noted: "milk" } },
    });
  });

  it.each<[string, Outcome, string, RegExp]>([
    ["a result", { ok: true, result: { noted: "before" } }, "note completed", /^\{"noted":"before"\}$/],
    ["a failure", { ok: false, problem: "no paper" }, "note failed", /^ERROR: no paper$/],
  ])("that is done is not done again, and reads as if it had been: %s", async (_, outcome, line, message) => {
    const { approve, ledger, key, effects, stub } = await waiting([told(message)]);
    await ledger.begin(key);
    await ledger.finish(key, outcome);
    const events = await approve();
    expect(outline(events)).toEqual([
      "step-1 in_progress",
      "note executing",
      line,
      expect.stringMatching(/^step-1/),
      "content ok",
    ]);
    expect(effects.notes).toEqual([]);
    stub.verify();
  });

  it.each([
    ["en" as const, /note was started and then interrupted, so its outcome is unknown/],
    ["ko" as const, /note 실행이 시작된 뒤 중단되어 결과를 알 수 없습니다/],
  ])(
    "that was begun and not finished is not done again, and everybody is told (%s)",
    async (language, text) => {
      const ledger = createEmbeddedEffectLedger();
      const { run, resume, interrupts, effects, stub, state } = await harness(
        [
          planReply({ title: "Note", tool: "note" }),
          calls(note("milk")),
          told(/^ERROR: outcome unknown.*Tell the user.*do not repeat it/),
        ],
        { ledger },
      );
      await run("note milk", { language });
      const [open] = await interrupts();
      const { taskId, toolCallId } = open!.value;
      await ledger.begin({ threadId: "thread-1", taskId, toolCallId });
      const events = await resume({ [open!.id]: approved });
      expect(outline(events)).toEqual(["note failed", "step-1 failed", "content ok"]);
      expect(events[0]).toMatchObject({ parameters: { text: "milk" }, result: expect.stringMatching(text) });
      expect(effects.notes).toEqual([]);
      expect((await state()).steps[0]).toMatchObject({
        status: "failed",
        result: expect.stringMatching(text),
      });
      stub.verify();
    },
  );

  it("that may be repeated is, when nobody knows whether it was done", async () => {
    const inner = createEmbeddedEffectLedger();
    const ledger: EffectLedger = {
      begin: async (key) => {
        await inner.begin(key);
        return inner.begin(key);
      },
      finish: inner.finish,
      conclude: inner.conclude,
    };
    const [echo] = testTools({ notes: [], echoes: [] }).filter(({ name }) => name === "echo");
    const ran: unknown[] = [];
    const repeatable: AuraTool = {
      ...echo!,
      idempotent: true,
      execute: async ({ text }) => {
        ran.push(text);
        return text;
      },
    };
    const script = [
      planReply({ title: "Echo" }),
      calls({ name: "echo", args: { text: "a" } }),
      told(/^"a"$/),
    ];
    const { run, stub } = await harness(script, { ledger, tools: [repeatable] });
    expect(outline(await run("echo"))).toContain("echo completed");
    expect(ran).toEqual(["a"]);
    stub.verify();
  });

  it("whose stored outcome cannot be read counts as unknown, and is reported", async () => {
    const { approve, ledger, key, effects, reports } = await waiting([told(/outcome unknown/)]);
    await ledger.finish(key, { ok: "perhaps" });
    expect(outline(await approve())).toContain("note failed");
    expect(effects.notes).toEqual([]);
    expect(reports).toMatchObject([{ where: "stored outcome of note" }]);
  });

  it("does not happen while the ledger is away, and can be had afterwards", async () => {
    const inner = createEmbeddedEffectLedger();
    let reachable = false;
    const ledger: EffectLedger = { ...inner, begin: (key) => (reachable ? inner.begin(key) : away()) };
    const { approve, effects, stub } = await waiting([told(/noted/)], ledger);
    await expect(approve()).rejects.toThrow("the ledger is away");
    expect(effects.notes).toEqual([]);
    reachable = true;
    expect(outline(await approve())).toContain("note completed");
    expect(effects.notes).toHaveLength(1);
    stub.verify();
  });

  it("is stored after a short outage", async () => {
    const inner = createEmbeddedEffectLedger();
    let failures = 2;
    const ledger: EffectLedger = {
      begin: inner.begin,
      conclude: inner.conclude,
      finish: (key, outcome) => (failures-- > 0 ? away() : inner.finish(key, outcome)),
    };
    const { approve, effects, key } = await waiting([told(/noted/)], ledger);
    expect(textOf(await approve())).toBe("ok");
    expect(effects.notes).toHaveLength(1);
    expect(await inner.begin(key)).toMatchObject({ state: "done" });
  });

  it("that is cut off stays begun: the next attempt says that nobody knows", async () => {
    const ledger = createEmbeddedEffectLedger();
    const running = latch();
    const [first] = testTools({ notes: [], echoes: [] });
    const slow: AuraTool = {
      ...first!,
      execute: (_args, { signal }) => {
        running.open();
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    };
    const script = [planReply({ title: "Note" }), calls(note("milk")), told(/outcome unknown/)];
    const { graph, config, run, resume, interrupts } = await harness(script, { ledger, tools: [slow] });
    await run("note milk");
    const [open] = await interrupts();
    const cut = new AbortController();
    const cutOff = graph.invoke(new Command({ resume: { [open!.id]: approved } }), {
      ...config(),
      signal: cut.signal,
    });
    await running.opened;
    cut.abort();
    await expect(cutOff).rejects.toThrow();
    expect(outline(await resume({ [open!.id]: approved }))).toContain("note failed");
  });

  it("that may be repeated and is cut off is repeated, whatever it says of the cut", async () => {
    const running = latch();
    let times = 0;
    const [first] = testTools({ notes: [], echoes: [] });
    const slow: AuraTool = {
      ...first!,
      idempotent: true,
      execute(_args, { signal }) {
        times += 1;
        if (times > 1) return Promise.resolve("written");
        running.open();
        return new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(new ToolError("cut off", signal.reason))),
        );
      },
    };
    const script = [planReply({ title: "Note" }), calls(note("milk")), told(/written/)];
    const options = { ledger: createEmbeddedEffectLedger(), tools: [slow] };
    const { graph, config, run, resume, interrupts } = await harness(script, options);
    await run("note milk");
    const [open] = await interrupts();
    const cut = new AbortController();
    const cutOff = graph.invoke(new Command({ resume: { [open!.id]: approved } }), {
      ...config(),
      signal: cut.signal,
    });
    await running.opened;
    cut.abort();
    await expect(cutOff).rejects.toThrow();
    expect(outline(await resume({ [open!.id]: approved }))).toContain("note completed");
  });

  it("is known although the ledger failed a sibling meanwhile", async () => {
    const inner = createEmbeddedEffectLedger();
    const [running, done, stored] = [latch(), latch(), latch()];
    const ran: unknown[] = [];
    let broken = true;
    let failures = 0;
    const ledger: EffectLedger = {
      conclude: inner.conclude,
      async begin(key) {
        if (key.toolCallId !== "call_2_1" || !broken) return inner.begin(key);
        await running.opened;
        return away();
      },
      async finish(key, outcome) {
        failures += 1;
        if (failures === 1) return away();
        await inner.finish(key, outcome);
        stored.open();
      },
    };
    const [first] = testTools({ notes: [], echoes: [] });
    const slow: AuraTool = {
      ...first!,
      execute: async ({ text }) => {
        ran.push(text);
        if (text === "a") {
          running.open();
          await done.opened;
        }
        return text;
      },
    };
    const script = [planReply({ title: "Note" }), calls(note("a"), note("b")), told(/^"a"$/, /^"b"$/)];
    const { run, resume, interrupts, stub } = await harness(script, { ledger, tools: [slow] });
    await run("note a and b");
    const open = await interrupts();
    const both = Object.fromEntries(open.map(({ id }) => [id, approved]));
    await expect(resume(both)).rejects.toThrow("the ledger is away");
    expect(ran).toEqual(["a"]);
    // LangGraph has let go of the first call; its effect ends all the same, and is remembered.
    done.open();
    await stored.opened;
    broken = false;
    expect(textOf(await resume(both))).toBe("ok");
    expect(ran).toEqual(["a", "b"]);
    stub.verify();
  });
});

describe("storing an outcome", () => {
  const key = { threadId: "t", taskId: "t", toolCallId: "c" };

  it("gives up in the end, with the ledger's own error", async () => {
    let attempts = 0;
    const ledger: EffectLedger = {
      begin: away,
      conclude: away,
      finish: () => {
        attempts += 1;
        return away();
      },
    };
    await expect(storeOutcome(ledger, key, { ok: true, result: 1 }, [1, 1])).rejects.toThrow(
      "the ledger is away",
    );
    expect(attempts).toBe(3);
  });
});

describe("an approval with a digest", () => {
  it("lets the call run that it was given for", async () => {
    const { interrupts, resume, effects } = await waiting();
    const [open] = await interrupts();
    const { digest } = open!.value;
    expect(outline(await resume({ [open!.id]: { ...approved, digest } }))).toContain("note completed");
    expect(effects.notes).toHaveLength(1);
  });

  it.each([
    ["en" as const, "What was about to run is not what was approved"],
    ["ko" as const, "승인된 내용과 실행하려는 내용이 달라"],
  ])("lets no other call run, and everybody is told (%s)", async (language, text) => {
    const ledger = createEmbeddedEffectLedger();
    const { run, resume, interrupts, effects, stub } = await harness(
      [
        planReply({ title: "Note", tool: "note" }),
        calls(note("milk")),
        told(/^NOT EXECUTED \(changed\).*Tell the user/),
      ],
      { ledger },
    );
    await run("note milk", { language });
    const [open] = await interrupts();
    const events = await resume({ [open!.id]: { ...approved, digest: "0".repeat(64) } });
    expect(outline(events)).toEqual(["note failed", "step-1 failed", "content ok"]);
    expect(events[0]).toMatchObject({ result: expect.stringContaining(text) });
    expect(effects.notes).toEqual([]);
    const { taskId, toolCallId } = open!.value;
    expect(await ledger.begin({ threadId: "thread-1", taskId, toolCallId })).toEqual({ state: "new" });
    stub.verify();
  });
});
