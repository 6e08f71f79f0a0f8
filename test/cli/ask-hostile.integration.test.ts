import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readVerdict } from "../../cli/question.ts";
import { command, tokenOf } from "./cli.ts";
import { atTerminal } from "./person.ts";
import { type Answer, startApiServer } from "./saved-threads-server.ts";

const EVIL = "a\u001b]0;title\u0007\u001b[2J\u009b31m\u202eb\u200b\rc\u0000";
const headers = { "x-thread-id": "thread-1", "x-run-id": "run-1" };

let stream: Answer;
let record: Answer;
let approvals: Answer = { data: { items: [] } };
let edited: Answer = { status: 404, errorCode: "E1004", message: "Not found." };
let decided: Answer = { status: 404, errorCode: "E1004", message: EVIL };
let server: Awaited<ReturnType<typeof startApiServer>>;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  server = await startApiServer(({ line }) => {
    if (line.startsWith("POST /aura/test/stream")) return stream;
    if (line.startsWith("GET /aura/hitl/requests/")) return record;
    if (line.startsWith("GET /aura/approvals")) return approvals;
    if (line.endsWith("/edit")) return edited;
    return decided;
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

describe("edits, at a service that answers anything", () => {
  const waits = (more: object = {}) => ({
    ...{
      requestId: "req-1",
      sessionId: "thread-1",
      runId: "run-1",
      actionType: "send_email",
      message: "Send it?",
    },
    ...{ context: { to: "kim" }, createdAt: 0, expiresAt: 0, ...more },
  });
  /** An editor that leaves other arguments there. */
  const EDITOR = `printf '{"to":"lee"}' >`;
  const call = ["edit", "req-1", "--arguments", '{"to":"lee"}'];
  const done = "id: run-1:9\ndata: [DONE]\n\n";
  afterEach(() => {
    approvals = { data: { items: [] } };
    edited = decided = { status: 404, errorCode: "E1004", message: EVIL };
  });

  test("nothing that an answer says acts on the terminal, or hides in it", async () => {
    approvals = { data: { items: [waits()] } };
    edited = { status: 400, errorCode: "E4000", message: EVIL };
    const refused = atTerminal(["edit", "req-1"], { ...env, EDITOR });
    await refused.sees(/it is not edited: E4000 \(HTTP 400\): a␛\]0;title␇␛\[2J[\s\S]*\?\n>$/);
    refused.type("l\r");
    expect(await refused.ended).toBe(1);
    edited = { data: waits({ requestId: "req-2", editOf: EVIL, message: EVIL, context: { [EVIL]: EVIL } }) };
    const shown = atTerminal(["edit", "req-1"], { ...env, EDITOR });
    expect(await shown.ended).toBe(0);
    expect(shown.screen()).toMatch(/edited: this takes the place of a␛\]0;title␇/);
    edited = {
      status: 409,
      errorCode: "E3006",
      message: "no",
      data: { ...pending, status: "approved", decidedBy: EVIL },
    };
    expect(await command(call, env)).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/approved by a␛\]0;title␇[^\p{Cc}]*\n$/u),
    });
  });

  test("edited so often that it cannot be edited again: said, and not taken for a decision", async () => {
    edited = { status: 409, errorCode: "E3002", message: "no", data: { ...pending, edits: 32 } };
    expect(await command(call, env)).toEqual({
      code: 1,
      stdout: "",
      stderr: "aura: it has been edited 32 times, and cannot be edited again\n",
    });
  });

  test("approved in the moment in which somebody else edits it: nothing is claimed, and the edited one is asked about", async () => {
    const taken = { ...pending, status: "rejected", outcome: "superseded", editedAs: "req-2" };
    const later = Promise.withResolvers<string>();
    stream = { frames: frames([hitl({})]), headers, later: later.promise, hold: true };
    record = { data: JSON.stringify(pending) };
    decided = { status: 409, errorCode: "E3006", message: "Decided already." };
    const person = atTerminal(["chat", "x"], env);
    await person.sees(/send_email req-1: approve \(a\).*\n>$/);
    record = { data: JSON.stringify(taken) };
    person.type("a\r");
    const [said] = await person.sees(/send_email req-1 was decided before.*\n.*/);
    expect(said.replaceAll("\n", "")).toContain(
      "your decision changes nothing: edited; req-2 has taken its place",
    );
    record = { data: JSON.stringify({ ...pending, requestId: "req-2" }) };
    const two = frames([hitl({}), hitl({ requestId: "req-2", editOf: "req-1", context: { to: "lee" } })]);
    later.resolve(two.slice(two.indexOf("id: run-1:2")));
    await person.sees(/send_email req-2: approve \(a\).*\n>$/);
    expect(person.screen()).toMatch(
      /┌ approval: send_email\n│ edited: this takes the place of req-1\n│ Send it\?\n│ {3}to: lee\n└ req-2/,
    );
    person.type("\u0003");
    expect(await person.ended).toBe(130);
    expect(person.screen()).not.toContain("approve req-1");
    record = { data: JSON.stringify(taken) };
    expect(await command(["approve", "req-1"], env)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("your decision changes nothing: edited; req-2 has taken its place\n"),
    });
  });

  test("answers of any shape end in an exit code, in harmless lines, and decide nothing", async () => {
    const text = fc.constantFrom("req-1", "req-2", EVIL, "pending", "superseded", "approved", "");
    const value = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }));
    const keys = ["requestId", "status", "context", "editOf", "editedAs", "decidedBy", "message", "edits"];
    const more = fc.dictionary(fc.constantFrom(...keys), value);
    const data = fc.oneof(
      more.map(waits),
      more.map((each) => ({ ...pending, ...each })),
      value,
    );
    const items = fc.oneof(fc.constant([waits()]), fc.array(data, { maxLength: 2 }));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(200, 409, 400, 500), data, items, async (status, answer, listed) => {
        server.asked.length = 0;
        approvals = { data: { items: listed } };
        edited =
          status === 200 ? { data: answer } : { ...{ status, errorCode: "E1", message: "no" }, data: answer };
        record = { data: JSON.stringify({ ...pending, status: "approved" }) };
        const { code, stdout, stderr } = await command(call, env);
        expect([0, 1, 4]).toContain(code);
        expect(`${stdout}${stderr}`.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
        record = { data: JSON.stringify(pending) };
        const later = Promise.withResolvers<string>();
        stream = { frames: frames([hitl({})]), headers, later: later.promise };
        const person = atTerminal(["chat", "x"], { ...env, EDITOR });
        await person.sees(/approve \(a\).*\n>$/);
        person.type("e\r");
        await person.sees(/it is not edited|cannot be edited any more|is edited: |nothing was changed/);
        later.resolve(done);
        expect([0, 1]).toContain(await person.ended);
        expect(decisions()).toEqual([]);
        expect(person.raw()).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});
