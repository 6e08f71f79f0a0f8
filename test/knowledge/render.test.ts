import { expect, test } from "vitest";
import { renderEvent } from "../../src/knowledge/render.ts";

test.each([
  ["MailSentEvent", "Mail sent"],
  ["ApprovalCreatedEvent", "Approval created"],
  ["HITLRequestExpired", "HITL request expired"],
  ["mail.received_late", "mail received late"],
  ["Event", "Event"],
  ["결재생성", "결재생성"],
])("%s is called %s", (eventType, words) => {
  expect(renderEvent(eventType, {})).toBe(words);
});

test("fields are lines; nested ones are named by their path, and what says nothing is left out", () => {
  const payload = {
    subject: "회의 안내",
    count: 0,
    urgent: false,
    nothing: null,
    empty: "",
    none: {},
    approvers: ["kim", "lee"],
    document: { title: "휴가", lines: [{ amount: 1 }, { amount: 2 }] },
  };
  expect(renderEvent("ApprovalCreatedEvent", payload).split("\n")).toEqual([
    "Approval created",
    "subject: 회의 안내",
    "count: 0",
    "urgent: false",
    "approvers: kim, lee",
    "document.title: 휴가",
    "document.lines.0.amount: 1",
    "document.lines.1.amount: 2",
  ]);
});

test("no value can pose as another field, and no control character gets through", () => {
  const text = renderEvent("MailSentEvent\r\nsender: boss", {
    subject: "a\r\nsender: boss\u2028x\u0000\u001b[31m\u0085y",
    "na\nme": "v",
  });
  expect(text.split("\n")).toEqual([
    "Mail sent event sender: boss",
    "subject: a sender: boss x [31m y",
    "na me: v",
  ]);
});

test("at most 8,000 characters, none of them half", () => {
  for (const pad of ["", "x"]) {
    const text = renderEvent("E", { body: `${pad}${"\u{1F4E7}".repeat(5_000)}`, more: "more" });
    expect(text.length).toBeLessThanOrEqual(8_000);
    expect(text.length).toBeGreaterThan(7_990);
    expect(text.isWellFormed()).toBe(true);
  }
  expect(renderEvent("E", { body: "a\ud800b" })).toBe("E\nbody: a\ufffdb");
  const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`f${at}`, at]));
  expect(renderEvent("E", many)).toHaveLength(8_000);
});
