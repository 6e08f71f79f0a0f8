import { MemorySaver } from "@langchain/langgraph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dumpState, prepareState } from "../../../graphs/saved/saved-state.ts";
import { viewHistory } from "../../../graphs/saved/thread-view.ts";
import { writtenIn } from "../../../graphs/state/language.ts";
import { AuraState } from "../../../graphs/state/state.ts";
import type { AuraTool } from "../../../tools/tool.ts";
import { planReply, type StubStep } from "../../helpers/openai-stub.ts";
import { harness, testTools } from "../harness.ts";

describe("the language of a prompt", () => {
  it.each<[string, "ko" | "en" | null]>([
    ["Send an email to kim@example.com with subject Hi saying hello there", "en"],
    ["hi", "en"],
    ["OK", "en"],
    ["안녕", "ko"],
    ["ㅋㅋ", "ko"],
    ["kim@example.com 에게 subject Offer 로 메일 보내줘", "ko"],
    ["kim@example.com에게 보내", "ko"],
    // Korean with English nouns.
    ["Slack bot token expire API error 확인해줘", "ko"],
    ["The Beatles 노래 알려줘", "ko"],
    ['kim@example.com 에게 "Thank you for all of your help with the report" 라고 메일 보내줘', "ko"],
    // English with Korean words.
    ["What does 안녕하세요 mean?", "en"],
    ["Send an email to kim@example.com with subject 회의 saying 내일 3시 회의입니다", "en"],
    ['Write to kim@example.com: "내일 3시 회의입니다. 늦지 않게 와 주세요. 감사합니다."', "en"],
    ["Tell 김대리 that I am late", "en"],
    // Nothing but a quotation.
    ['"안녕하세요"', "ko"],
    ["`npm run studio`", "en"],
    // Others are answered in English.
    ["会議は明日の3時です", "en"],
    ["¿Qué hora es?", "en"],
    ["Который час?", "en"],
    // Nothing to tell by.
    ["", null],
    ["123 + 4?", null],
    ["👍", null],
    ["kim@example.com", null],
    ["https://example.com/안녕", "ko"],
    ["https://example.com/hello", null],
  ])("%s", (prompt, language) => {
    expect(writtenIn(prompt)).toBe(language);
  });

  it("is found in any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(["ko", "en", null]).toContain(writtenIn(text));
        expect(writtenIn(`${text.repeat(2_000)}`)).toSatisfy((found) => found !== undefined);
      }),
    );
  });
});

describe("a run whose input names no language", () => {
  const notes: StubStep = { reply: { calls: [{ name: "note", args: { text: "milk" } }] } };
  const script = () => [planReply({ title: "Note", tool: "note" }), notes, { reply: { text: "Done." } }];
  const ask = (content: string, rest: object = {}) => ({ messages: [{ role: "user", content }], ...rest });

  it.each([
    [
      "note the milk",
      /^Looking at/,
      /An edit holds the changed/,
      /^The approval was rejected/,
      "Language: en",
    ],
    ["우유를 적어 줘", /^요청을/, /수정은 바뀐 인자를/, /^승인이 거절되었습니다/, "Language: ko"],
  ])("speaks its prompt's, in everything: %s", async (prompt, thought, error, refusal, told) => {
    const { stream, resume, interrupts, stub } = await harness(script());
    const events = await stream(ask(prompt));
    expect(events[0]).toMatchObject({ content: expect.stringMatching(thought) });
    const [open] = await interrupts();
    await expect(resume({ [open!.id]: { type: "edit" } })).rejects.toThrow(error);
    const [refused] = await resume({ [open!.id]: { type: "reject" } });
    expect(refused).toMatchObject({ result: expect.stringMatching(refusal) });
    const systems = stub.requests.map(({ messages }) => String(messages[0]?.content));
    expect(systems).toEqual(systems.map(() => expect.stringContaining(told)));
    expect(systems).toHaveLength(3);
  });

  it("asks in it", async () => {
    const [note] = testTools({ notes: [], echoes: [] });
    const tools: AuraTool[] = [{ ...note!, approvalMessage: (_, language) => language }];
    const { stream, interrupts } = await harness([...script().slice(0, 2), ...script().slice(0, 2)], {
      tools,
    });
    await stream(ask("note the milk"));
    await stream(ask("우유를 적어 줘"), "another");
    const asked = [...(await interrupts()), ...(await interrupts("another"))];
    expect(asked.map(({ value }) => value.message)).toEqual(["en", "ko"]);
  });

  it("changes it with the next prompt, also when the one before was left waiting", async () => {
    const { stream, stub } = await harness([...script().slice(0, 2), ...script().slice(0, 2)]);
    await stream(ask("우유를 적어 줘"));
    stub.requests.length = 0;
    const events = await stream(ask("note the tea instead"));
    expect(events[0]).toMatchObject({ content: "Looking at the request." });
  });

  it("goes on in the language before it when its prompt has none, and begins in Korean", async () => {
    const replies = () => [planReply({ title: "x" }), { reply: { text: "ok" } }];
    const { stream } = await harness([...replies(), ...replies(), ...replies()]);
    const firstThought = async (content: string, thread?: string) => (await stream(ask(content), thread))[0];
    expect(await firstThought("hello")).toMatchObject({ content: "Looking at the request." });
    expect(await firstThought("👍")).toMatchObject({ content: "Looking at the request." });
    expect(await firstThought("👍", "new")).toMatchObject({ content: "요청을 살펴보고 있습니다." });
  });

  it("gives way to a language that is named; a field that is left empty names none", async () => {
    const replies = () => [planReply({ title: "x" }), { reply: { text: "ok" } }];
    const { stream } = await harness([...replies(), ...replies(), ...replies()]);
    const thought = async (content: string, language: unknown, thread: string) =>
      (await stream(ask(content, { language }), thread))[0];
    expect(await thought("hello", "ko", "a")).toMatchObject({ content: "요청을 살펴보고 있습니다." });
    expect(await thought("hello", null, "b")).toMatchObject({ content: "Looking at the request." });
    expect(await thought("hello", "", "c")).toMatchObject({ content: "Looking at the request." });
    await expect(stream(ask("hello", { language: "fr" }), "d")).rejects.toThrow("language");
  });

  it.each([
    ["of its input's", { language: "en" as const }, "ko", "en"],
    ["of none", {}, "ko", "en"],
    ["of a field that was left empty", { language: null }, "ko", "en"],
  ])(
    "is saved as JSON and read back, whatever it has %s; a client reads which it speaks",
    async (_, given, first, then) => {
      const saver = new MemorySaver();
      const { stream, graph } = await harness([planReply({ title: "x" }), { reply: { text: "ok" } }], {
        checkpointer: saver,
      });
      await stream(ask("hello", given));
      const document = JSON.parse(JSON.stringify(await dumpState(saver, "thread-1")));
      await prepareState(document)(saver, "copy");
      expect(await dumpState(saver, "copy")).toEqual(document);
      const spoken: unknown[] = [];
      for await (const { values } of viewHistory(graph, "copy")) spoken.unshift(values.language);
      // Before the input is taken nothing is known of it.
      expect([spoken[0], ...new Set(spoken.slice(1))]).toEqual([first, then]);
    },
  );

  it("may leave it out, as the schema says", () => {
    const schema: any = AuraState.getInputJsonSchema();
    expect(schema.required ?? []).not.toContain("language");
    expect(JSON.stringify(schema.properties.language)).toContain('"enum":["ko","en"]');
  });
});
