import { STEP_STATUSES } from "@aura-platform/contract/agent-step.ts";
import { taskStatus } from "@aura-platform/contract/agent-tasks.ts";
import { APPROVAL_STATUSES, settlement, verdict } from "@aura-platform/contract/approvals.ts";
import { DOMAIN_EVENT_CHANNELS } from "@aura-platform/contract/domain-events.ts";
import { ERROR_CODES, ERRORS, NO_PROGRESS } from "@aura-platform/contract/errors.ts";
import { EVENT_TYPES } from "@aura-platform/contract/events.ts";
import { DONE, MAX_FRAME_BYTES } from "@aura-platform/contract/frames.ts";
import { HITL_PREFIXES, HITL_TTL_S } from "@aura-platform/contract/hitl.ts";
import { EVENT_ID_PATTERN, formatEventId, ID_PATTERN, parseEventId } from "@aura-platform/contract/ids.ts";
import { LANGUAGES, languageOfTag } from "@aura-platform/contract/languages.ts";
import { RUN_STATUSES } from "@aura-platform/contract/run-status.ts";
import { THREAD_FORMAT, THREAD_FORMAT_VERSION } from "@aura-platform/contract/thread-document.ts";
import { expect, test } from "vitest";

// Literals of the wire, written out a second time on purpose: whoever changes one breaks a client, a stored
// record or a service of DWP, and must say so here.

test("events and their frames", () => {
  expect(EVENT_TYPES).toEqual(["thought", "plan_step", "tool_execution", "hitl", "content", "error"]);
  expect([DONE, MAX_FRAME_BYTES]).toEqual(["[DONE]", 16_384]);
});

test("statuses", () => {
  expect(STEP_STATUSES).toEqual(["pending", "in_progress", "completed", "failed"]);
  expect(RUN_STATUSES).toEqual(["queued", "running", "waiting", "completed", "failed", "cancelled"]);
  const settlements = ["approved", "rejected", "expired", "superseded", "cancelled"];
  expect(APPROVAL_STATUSES).toEqual(["pending", ...settlements]);
  expect(settlement.options).toEqual(settlements);
  expect(verdict.options).toEqual(["approved", "rejected"]);
  expect(taskStatus.options).toEqual(["REQUESTED", "IN_PROGRESS", "COMPLETED", "FAILED"]);
});

test("error codes with their HTTP status, each with a sentence in both languages", () => {
  expect(Object.fromEntries(ERROR_CODES.map((code) => [code, ERRORS[code].status]))).toEqual({
    ...{ E1000: 500, E1002: 405, E1004: 404 },
    ...{ E2000: 401, E2001: 403, E2002: 401, E2003: 401, E2006: 400, E2007: 403 },
    ...{ E3001: 409, E3002: 409, E3006: 409, E4000: 400, E4290: 429 },
    ...{ E5000: 502, E5001: 504, E5002: 503 },
  });
  for (const sentence of [...Object.values(ERRORS), NO_PROGRESS]) {
    expect(sentence.ko).toMatch(/[가-힣].*\.$/);
    expect(sentence.en).toMatch(/^[A-Z][^가-힣]*\.$/);
  }
});

test("ids", () => {
  expect(ID_PATTERN).toEqual(/^[A-Za-z0-9_-]{1,128}$/);
  expect(EVENT_ID_PATTERN).toEqual(/^([A-Za-z0-9_-]{1,128}):(0|[1-9][0-9]{0,14})$/);
  expect(formatEventId("run-1", 12)).toBe("run-1:12");
  expect(parseEventId("run-1:12")).toEqual({ runId: "run-1", seq: 12 });
  for (const foreign of [
    "1706152860123456",
    "run-1",
    "run-1:01",
    "run-1:-1",
    "run 1:1",
    "run-1:1:1",
    ":1",
    "",
  ]) {
    expect(parseEventId(foreign)).toBeNull();
  }
});

test("languages", () => {
  expect(LANGUAGES).toEqual(["ko", "en"]);
  expect(["ko", "KO-kr", "ko_KR", "en-US", "de", ""].map(languageOfTag)).toEqual([
    ...["ko", "ko", "ko", "en"],
    ...[undefined, undefined],
  ]);
});

test("Redis keys, channels and lifetimes", () => {
  expect(HITL_PREFIXES).toEqual({
    request: "hitl:request:",
    session: "hitl:session:",
    signal: "hitl:signal:",
    task: "hitl:task:",
    channel: "hitl:channel:",
  });
  expect(HITL_TTL_S).toEqual({ request: 1800, session: 3600, signal: 300, task: 3600 });
  expect(DOMAIN_EVENT_CHANNELS).toEqual(["dwp:events:all", "dwp:events:mail", "dwp:events:approval"]);
});

test("the form of an exported thread", () => {
  expect([THREAD_FORMAT, THREAD_FORMAT_VERSION]).toEqual(["aura-thread", 1]);
});
