import { expect, test } from "vitest";
import { type KnowledgeReader, recentEvents, searchKnowledge } from "../../tools/knowledge.ts";
import { ToolError } from "../../tools/tool.ts";

type KnowledgeAnswer = Awaited<ReturnType<KnowledgeReader["search"]>>;
const FOUND_NOTHING: KnowledgeAnswer = { events: [], byWordsOnly: false, left: 0, incoming: false };
const asked: unknown[] = [];
const note = async (_owner: unknown, query: unknown) => {
  asked.push(query);
  return FOUND_NOTHING;
};
const reader: KnowledgeReader = { search: note, recent: note };
const search = searchKnowledge(reader);
const recent = recentEvents(reader);

const contextOf = (language: "ko" | "en") => ({
  ...{ threadId: "t", taskId: "t", toolCallId: "c", tenantId: "1", userId: "u" },
  language,
  signal: new AbortController().signal,
});

test.each([1e308, 8_640_000_000_001, -1, "next year", "", "2026-02-30T00:00:00Z", [], null, Number.NaN])(
  "since %j is no time: the model is told so, and nothing is asked of the index",
  (since) => {
    expect(search.schema.safeParse({ query: "x", since }).success).toBe(false);
    expect(recent.schema.safeParse({ since }).success).toBe(false);
  },
);

test.each([
  [0, 0],
  [8_640_000_000_000, 8_640_000_000_000],
  [1_767_312_000, 1_767_312_000_000],
  [1_767_312_000_000, 1_767_312_000_000],
  ["2026-01-02T00:00:00Z", 1_767_312_000_000],
  ["2026-01-02", 1_767_312_000_000],
  ["2026-01-02 09:00:00 +0900", 1_767_312_000_000],
  ["2026-01-02T09:00+09:00[Asia/Seoul]", 1_767_312_000_000],
  ["1767312000", 1_767_312_000_000],
])("since %j is asked for as a time that a Date can name", async (since, ms) => {
  await recent.execute(recent.schema.parse({ since }), contextOf("en"));
  expect(asked.at(-1)).toMatchObject({ since: ms });
});

const answer = async (said: KnowledgeAnswer | Error, language: "ko" | "en" = "en") => {
  const look = async () => {
    if (said instanceof Error) throw said;
    return said;
  };
  return searchKnowledge({ search: look, recent: look }).execute({ query: "x" }, contextOf(language));
};
const item = { eventId: "e1", eventType: "MailSentEvent", time: "2026-01-01T00:00:00.000Z", text: "Hi" };

test("what was found is given with its sources, and without a note when nothing is to be said of it", async () => {
  expect(await answer({ ...FOUND_NOTHING, events: [item] })).toEqual({ events: [item], sources: ["e1"] });
});

test.each<[Partial<Exclude<KnowledgeAnswer, { failed: unknown }>>, RegExp, RegExp]>([
  [{}, /^Nothing that has to do with it was found\.$/, /^관련된 것을 찾지 못했습니다\.$/],
  [{ byWordsOnly: true, left: 3 }, /found\. Only words could be compared/, /단어로만 찾았으므로/],
  [{ left: 1 }, /found\. 1 event can be found by its words only/, /이벤트 1건은 아직/],
  [{ left: 7 }, /7 events can be found by their words only/, /이벤트 7건은 아직/],
  [{ incoming: true }, /found\. Some events that have come in may not be searchable/, /아직 검색되지 않는/],
  [{ events: [item], byWordsOnly: true }, /^Only words/, /^지금은 의미를/],
])("an answer that may lack something says so: %j", async (gaps, en, ko) => {
  expect(await answer({ ...FOUND_NOTHING, ...gaps })).toMatchObject({ note: expect.stringMatching(en) });
  expect(await answer({ ...FOUND_NOTHING, ...gaps }, "ko")).toMatchObject({
    note: expect.stringMatching(ko),
  });
});

test.each(["closed", "wordless", "unreadable"] as const)(
  "an index that cannot answer (%s) fails in words, and keeps the cause",
  async (failed) => {
    const cause = new Error("why");
    for (const language of ["ko", "en"] as const) {
      const error = await answer({ failed, cause }, language).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ToolError);
      expect(error).toMatchObject({ cause });
    }
    await expect(answer({ failed, cause }, "en")).rejects.toThrow(/nothing was searched/);
    await expect(answer({ failed, cause }, "ko")).rejects.toThrow(/검색하지 못했습니다/);
  },
);

test("what the reader did not expect is a failure in words as well", async () => {
  await expect(answer(new Error("bug"))).rejects.toThrow(ToolError);
});
