import { expect, test } from "vitest";
import { lateDecisionIn, parsePublishedRequest } from "../../src/approvals/published-request.ts";
import { decisionOf, parseSignal } from "../../src/approvals/signal.ts";

// The two signals (docs/contract.md, section 4).
const APPROVAL = '{"type":"approval","requestId":"req-12345","status":"approved","timestamp":1706152860}';
const REJECTION =
  '{"type":"rejection","requestId":"req-12345","status":"rejected","reason":"...","timestamp":1706152860}';

const heard = (payload: string) => {
  const parsed = parseSignal(payload);
  if ("refused" in parsed) throw new Error(parsed.refused);
  return parsed.signal;
};

test("[R4.3] [R4.4] the contract's signals decide", () => {
  expect(decisionOf(heard(APPROVAL), null, 5)).toEqual({ status: "approved", decidedAt: 5 });
  expect(decisionOf(heard(REJECTION), null, 5)).toEqual({ status: "rejected", reason: "...", decidedAt: 5 });
});

test.each([
  ["arrays", "[".repeat(17)],
  ["objects", '{"a":'.repeat(17)],
  ["in a field", `{"type":"approval","x":${"[".repeat(16)}`],
])("what nests deeply is refused before it is parsed: %s", (_, payload) => {
  expect(parseSignal(payload)).toEqual({ refused: "nested too deeply" });
});

test("brackets in texts are no nesting", () => {
  const reason = `${'["\\'.repeat(1_000)}{{`;
  const payload = JSON.stringify({
    type: "rejection",
    requestId: "r",
    status: "rejected",
    reason,
    x: [[{}]],
  });
  expect(parseSignal(payload)).toMatchObject({ signal: { reason } });
  expect(parseSignal(JSON.stringify({ a: "[".repeat(60_000) }))).toEqual({
    refused: "not a signal of a known type",
  });
});

test("a rejection needs no reason, and fields we do not know do not matter", () => {
  const signal = '{"type":"rejection","requestId":"r","status":"rejected","reason":null,"extra":[1]}';
  expect(decisionOf(heard(signal), null, 5)).toEqual({ status: "rejected", decidedAt: 5 });
});

test("a signal's time is written as Java writes times; one that is none is no signal", () => {
  const at = (timestamp: unknown) => JSON.stringify({ ...JSON.parse(APPROVAL), timestamp });
  for (const time of [1_706_152_860.123, null, "2024-01-16T12:00:00", [2024, 1, 16, 12, 0], "1706152860.1"]) {
    expect(parseSignal(at(time))).toHaveProperty("signal");
  }
  for (const none of ["yesterday", [], [2024], {}, true])
    expect(parseSignal(at(none))).toHaveProperty("refused");
});

test("the time of a late decision is read as Java writes it, and is now when it is none", () => {
  const late = (approvedAt: unknown) =>
    lateDecisionIn(
      JSON.stringify({ tenantId: "1", status: "approved", approvedBy: "boss", approvedAt }),
      "1",
      5,
    )?.at;
  expect(late(1_706_152_860_123)).toBe(1_706_152_860_123);
  expect(late("2024-01-16T12:00:00+09:00[Asia/Seoul]")).toBe(Date.UTC(2024, 0, 16, 3));
  expect(late([2024, 1, 16, 12, 0])).toBe(new Date(2024, 0, 16, 12).getTime());
  for (const none of [undefined, null, "now", [], {}, -1, 1e300]) expect(late(none)).toBe(5);
});

test.each([
  ["not JSON", "approved"],
  ["null", "null"],
  ["a list", "[]"],
  ["unknown type", '{"type":"maybe","requestId":"r","status":"approved"}'],
  ["type and status that differ", '{"type":"approval","requestId":"r","status":"rejected"}'],
  ["no request", '{"type":"approval","status":"approved"}'],
  ["a request of the wrong type", '{"type":"approval","status":"approved","requestId":1}'],
  ["an id that is none", '{"type":"approval","status":"approved","requestId":"a*b"}'],
  ["deep JSON", "[".repeat(30_000)],
  ["1 MB", JSON.stringify({ ...JSON.parse(APPROVAL), pad: "x".repeat(1_000_000) })],
])("%s is no signal", (_, payload) => {
  expect(parseSignal(payload)).toHaveProperty("refused");
});

test("[R8.6] what hitl:request says wins, and names who decided", () => {
  const rejected = parsePublishedRequest('{"status":"rejected","rejectedBy":"boss","reason":"no"}');
  expect(decisionOf(heard(APPROVAL), rejected, 5)).toEqual({
    status: "rejected",
    reason: "no",
    decidedBy: "boss",
    decidedAt: 5,
  });
  const approved = parsePublishedRequest('{"status":"approved","approvedBy":"user123"}');
  expect(decisionOf(heard(REJECTION), approved, 5)).toEqual({
    status: "approved",
    decidedBy: "user123",
    decidedAt: 5,
  });
});

test("a request that is still pending, expired or unreadable says nothing against the signal", () => {
  for (const text of [null, '{"status":"pending"}', "", "{", "[]", '{"status":7}']) {
    expect(decisionOf(heard(APPROVAL), parsePublishedRequest(text), 5)).toEqual({
      status: "approved",
      decidedAt: 5,
    });
  }
});
