import { expect, test } from "vitest";
import { type KnowledgeReader, recentEvents, searchKnowledge } from "../../../tools/knowledge.ts";

const asked: unknown[] = [];
const note = async (_owner: unknown, query: unknown) => {
  asked.push(query);
  return [];
};
const reader: KnowledgeReader = { search: note, recent: note };
const search = searchKnowledge(reader);
const recent = recentEvents(reader);

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
  const context = {
    threadId: "t",
    taskId: "t",
    toolCallId: "c",
    tenantId: "1",
    userId: "u",
    language: "en" as const,
    signal: new AbortController().signal,
  };
  await recent.execute(recent.schema.parse({ since }), context);
  expect(asked.at(-1)).toMatchObject({ since: ms });
});
