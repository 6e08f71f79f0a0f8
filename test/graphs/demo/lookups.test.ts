import { expect, test } from "vitest";
import { readRequests } from "../../../graphs/demo/requests.ts";

const today = { since: expect.stringMatching(/^\d{4}-\d\d-\d\dT00:00:00\+09:00$/) };

test.each([
  ["What mail did I send today?", "recent_events", { types: ["MailSentEvent"], ...today }],
  ["Which emails have I received?", "recent_events", { types: ["MailReceivedEvent"] }],
  ["오늘 내가 보낸 메일 뭐야?", "recent_events", { types: ["MailSentEvent"], ...today }],
  ["받은 메일 보여줘", "recent_events", { types: ["MailReceivedEvent"] }],
  ["What happened recently?", "recent_events", {}],
  ["최근 무슨 일 있었어?", "recent_events", {}],
  ["Search for the budget report", "search_knowledge", { query: "the budget report" }],
  ["find invoice 4711 in my mail", "search_knowledge", { query: "invoice 4711" }],
  ["예산 보고서 찾아줘", "search_knowledge", { query: "예산 보고서" }],
  ["What are my tasks?", "list_my_tasks", {}],
  ["내 작업 목록 보여줘", "list_my_tasks", {}],
])("the demo model reads a lookup out of %s", (prompt, tool, args) => {
  expect(readRequests(prompt, /[가-힣]/.test(prompt) ? "ko" : "en")).toEqual([{ tool, args }]);
});

test.each(["hello", "안녕하세요", "What is two and two?"])("and none out of %s", (prompt) => {
  expect(readRequests(prompt, "en")).toEqual([]);
});
