import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readVerdict } from "../../client/question.ts";
import { tokenOf } from "./cli.ts";
import { atTerminal } from "./person.ts";
import { type Answer, startApiServer } from "./saved-threads-server.ts";

const EVIL = "a\u001b]0;title\u0007\u001b[2J\u009b31m\u202eb\u200b\rc\u0000";
const headers = { "x-thread-id": "thread-1", "x-run-id": "run-1" };

let stream: Answer;
let record: Answer;
let server: Awaited<ReturnType<typeof startApiServer>>;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  server = await startApiServer(({ line }) => {
    if (line.startsWith("POST /aura/test/stream")) return stream;
    if (line.startsWith("GET /aura/hitl/requests/")) return record;
    if (line.startsWith("GET /aura/approvals")) return { data: { items: [] } };
    return { status: 404, errorCode: "E1004", message: EVIL };
  });
  env = { AURA_URL: server.url, AURA_TOKEN: await tokenOf() };
});
afterAll(() => server.close());

const frames = (events: { type: string; data: unknown }[]) =>
  events
    .map((event, at) => `id: run-1:${at + 1}\ndata: ${JSON.stringify(event)}\nid: run-1:${at + 1}\n\n`)
    .join("");
const pending = { requestId: "req-1", sessionId: "thread-1", status: "pending" };
const hitl = (more: object) => ({
  type: "hitl",
  data: {
    requestId: "req-1",
    actionType: "send_email",
    message: "Send it?",
    context: {},
    toolCallId: "c1",
    ...more,
  },
});
const decisions = () => server.asked.filter(({ line }) => /hitl\/(approve|reject)/.test(line));

test("nothing that an approval says acts on the terminal, or hides in it", async () => {
  const evil = frames([hitl({ actionType: EVIL, message: EVIL, context: { [EVIL]: EVIL } })]);
  stream = { frames: `${evil}id: run-1:1\ndata: [DONE]\n\n`, headers };
  record = { data: JSON.stringify({ ...pending, status: "rejected", rejectedBy: EVIL, reason: EVIL }) };
  // The terminal model throws at every control sequence that is not the command line's own.
  const decided = atTerminal(["chat", "x"], env);
  await decided.sees(/: rejected by a␛\]0;title␇␛\[2J/);
  expect(await decided.ended).toBe(0);
  stream = { frames: evil, headers, hold: true };
  record = { data: JSON.stringify(pending) };
  const asked = atTerminal(["chat", "x"], env);
  await asked.sees(/a␛\]0;title␇␛\[2J<U\+009B>31m<U\+202E>b<U\+200B>␍c␀ req-1: approve \(a\)/);
  asked.type(`well${EVIL.replaceAll("\r", "")}`);
  asked.type("\u0003");
  expect(await asked.ended).toBe(130);
});

test("an approval whose id could be a path is shown, and not asked about", async () => {
  server.asked.length = 0;
  for (const requestId of ["../../aura/threads", "", "a b", 7, null, "x".repeat(129)]) {
    stream = { frames: `${frames([hitl({ requestId })])}id: run-1:1\ndata: [DONE]\n\n`, headers };
    const person = atTerminal(["chat", "x"], env);
    expect(await person.ended).toBe(0);
    expect(person.screen()).toMatch(/┌ approval|cannot be shown here/);
  }
  expect(server.asked.filter(({ line }) => line.includes("hitl"))).toEqual([]);
});

test("events and records of any shape end in an exit code, and no typed text but the known words decides", async () => {
  const text = fc.oneof(fc.constantFrom("", EVIL, "req-1", "c1", "pending"), fc.string({ unit: "binary" }));
  const value = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }));
  const keys = [
    "requestId",
    "actionType",
    "message",
    "context",
    "toolCallId",
    "status",
    "tool",
    "parameters",
  ];
  const data = fc.dictionary(fc.constantFrom(...keys, "outcome", "sessionId", "result"), value);
  const event = fc.oneof(
    data.map(hitl),
    data.map((more) => ({
      type: "tool_execution",
      data: { tool: "t", parameters: {}, status: "failed", ...more },
    })),
    data.map((more) => ({ type: "error", data: { errorCode: "E1", message: "m", ...more } })),
  );
  // Keys that edit and finish lines, and letters that are no answer.
  const typed = fc.string({ unit: fc.constantFrom(..."b승 \r\u001b[D\u0008\u0015\u0017y") });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 4 }), data, typed, async (events, kept, keysTyped) => {
      server.asked.length = 0;
      stream = { frames: `${frames(events)}id: run-1:9\ndata: [DONE]\n\n`, headers };
      record = { data: JSON.stringify({ ...pending, ...kept }) };
      const person = atTerminal(["chat", "x"], env, keysTyped);
      person.type(keysTyped);
      expect([0, 1]).toContain(await person.ended);
      expect(decisions()).toEqual([]);
      expect(person.raw()).toBe(false);
    }),
  );
});

test("only the words that are offered decide", () => {
  const offered = [
    "a",
    "approve",
    "r",
    "reject",
    "e",
    "edit",
    "l",
    "later",
    "승인",
    "거절",
    "수정",
    "나중",
    "나중에",
    "ㅁ",
    "ㄱ",
    "ㄷ",
    "ㅣ",
  ];
  for (const word of offered) expect(readVerdict(` ${word.toUpperCase()}\t`)).not.toBeNull();
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (line) => {
      if (!offered.includes(line.normalize("NFC").trim().toLowerCase())) expect(readVerdict(line)).toBeNull();
    }),
  );
  for (const nothing of ["", " ", "y", "yes", "네", "aa", "ar", "approve req-1", "a\nr", "__proto__"]) {
    expect(readVerdict(nothing)).toBeNull();
  }
});
