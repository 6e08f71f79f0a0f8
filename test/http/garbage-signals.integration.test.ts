import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventsOf } from "../helpers/sse-client.ts";
import { chat, decide, headersOf, type Person, type Stack, startStack } from "../helpers/stack.ts";

const mailTo = (subject: string) => `Send an email to kim@example.com with subject ${subject} saying hello`;

/** Characters that mean something to Redis patterns, to Lua, to key names or to JSON. */
const HOSTILE = [
  "*",
  "?",
  "[a-z]",
  "h[^e]llo",
  "\\*",
  "..",
  "../../etc/passwd",
  "{}",
  "{thread}",
  "a:b:c",
  "aura:thread:x",
  "');redis.call('FLUSHALL')--",
  "]] .. redis.call('FLUSHALL') .. [[",
  '"',
  "'",
  "%",
  "%s%n",
  "\r\nFLUSHALL\r\n",
  "\n",
  "\0",
  " ",
  "",
  "__proto__",
  "가나다",
  "\u{1F4E7}",
  "\u2028",
  "x".repeat(200),
  "x".repeat(100_000),
] as const;

const DEPTH = 30_000;
const deep = (open: string, core: string, close: string) =>
  `${open.repeat(DEPTH)}${core}${close.repeat(DEPTH)}`;

const errorLines = (stack: Stack) => stack.logs.filter(({ level }) => level >= 50);

describe.each(["embedded", "redis"] as const)("garbage on hitl:channel, %s backend", (backend) => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ backend });
  });
  afterAll(() => stack.close());

  const thread = (name: string) => `garbage-${backend}-${name}`;
  const waiting = async (subject: string, headers: Record<string, string> = {}) => {
    const threadId = thread(subject);
    const stream = await chat(stack, { prompt: mailTo(subject), threadId }, headers);
    return { threadId, stream, requestId: (await stream.event("hitl")).requestId as string };
  };
  const approval = (requestId: unknown) => ({
    type: "approval",
    requestId,
    status: "approved",
    timestamp: 1706152860,
  });
  const publish = (sessionId: string, message: unknown) =>
    stack.publish(
      `hitl:channel:${sessionId}`,
      typeof message === "string" ? message : JSON.stringify(message),
    );
  const ignored = () => stack.logs.filter(({ msg }) => msg === "signal ignored");
  const mails = (subject: string) => stack.mailbox.mails().filter((mail) => mail.subject === subject);

  test("more than a thousand messages that decide nothing have no effect, and a good one still resumes", async () => {
    const mine = await waiting("Mine");
    const sibling = await waiting("Sibling");
    const stranger: Person = { user: "user456", tenant: "2" };
    const foreign = await waiting("Foreign", await headersOf(stranger));

    const shapes: unknown[] = [
      "not json",
      "",
      "null",
      "true",
      "0",
      '"approved"',
      "[]",
      "{}",
      "{",
      "\0",
      deep("[", "", "]"),
      deep('{"a":', "1", "}"),
      deep("[", "", ""),
      `{"type":"approval","status":"approved","requestId":${deep("[", "", "]")}}`,
      [approval(mine.requestId)],
      { signal: approval(mine.requestId) },
      { ...approval(mine.requestId), type: "rejection" },
      { ...approval(mine.requestId), status: "rejected" },
      { ...approval(mine.requestId), status: "APPROVED" },
      { ...approval(mine.requestId), timestamp: "yesterday" },
      approval(null),
      approval(7),
      approval([mine.requestId]),
      approval({ $eq: mine.requestId }),
      approval(`${mine.requestId} `),
      approval(mine.requestId.toUpperCase()),
      approval("req-unknown"),
      ...HOSTILE.map(approval),
      // Other sessions' and other tenants' requests, on this session's channel.
      approval(sibling.requestId),
      approval(foreign.requestId),
    ];
    const rounds = Math.ceil(1_000 / shapes.length);
    let sent = 0;
    const send = async (sessionId: string, message: unknown) => {
      await publish(sessionId, message);
      sent += 1;
    };
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all(shapes.map((shape) => send(mine.threadId, shape)));
    }
    for (const size of [65_537, 1_000_000, 1_000_000, 1_000_000]) {
      await send(mine.threadId, { ...approval(mine.requestId), reason: "x".repeat(size) });
    }
    // A real request, on channels of sessions that are not its own.
    for (const session of [
      ...HOSTILE,
      sibling.threadId,
      foreign.threadId,
      `${mine.threadId}:x`,
      thread("*"),
    ]) {
      await send(session, approval(mine.requestId));
    }

    expect(sent).toBeGreaterThan(1_000);
    await expect.poll(() => ignored().length).toBe(sent);
    for (const { stream } of [mine, sibling, foreign]) {
      expect(eventsOf(stream.frames).at(-1)?.type).toBe("hitl");
    }
    expect(stack.mailbox.mails()).toEqual([]);
    expect((await fetch(`${stack.aura.url}/ready`)).status).toBe(200);

    await publish(mine.threadId, approval(mine.requestId));
    expect((await mine.stream.ended).at(-1)?.data).toBe("[DONE]");
    expect(mails("Mine")).toHaveLength(1);
    expect((await decide(stack, sibling.requestId, "approve")).status).toBe(200);
    await sibling.stream.ended;
    expect(
      stack.mailbox
        .mails()
        .map(({ subject }) => subject)
        .toSorted(),
    ).toEqual(["Mine", "Sibling"]);
    expect(ignored()).toHaveLength(sent);
    expect(errorLines(stack)).toEqual([]);
    foreign.stream.close();
  });

  test("garbage in hitl:request and hitl:signal neither decides nor stops the search for decisions", async () => {
    const spoilt = await waiting("Spoilt");
    const good = await waiting("Good");
    const request = (await stack.get(`hitl:request:${spoilt.requestId}`)) ?? "";
    const garbage = [
      "not json",
      "null",
      "[]",
      deep("[", "", "]"),
      '{"status":["approved"]}',
      "x".repeat(1e6),
    ];
    for (const text of garbage) {
      await stack.set(`hitl:request:${spoilt.requestId}`, text);
      await stack.set(`hitl:signal:${spoilt.threadId}`, text);
      await publish(spoilt.threadId, "wake up");
    }
    // Found by looking only, after the spoilt one was looked at.
    const found = JSON.parse((await stack.get(`hitl:request:${good.requestId}`)) ?? "");
    await stack.set(`hitl:request:${good.requestId}`, JSON.stringify({ ...found, status: "approved" }));
    expect((await good.stream.ended).at(-1)?.data).toBe("[DONE]");
    expect(mails("Good")).toHaveLength(1);
    expect(mails("Spoilt")).toEqual([]);

    await stack.set(`hitl:request:${spoilt.requestId}`, request);
    await publish(spoilt.threadId, approval(spoilt.requestId));
    await spoilt.stream.ended;
    expect(mails("Spoilt")).toHaveLength(1);
    expect(errorLines(stack)).toEqual([]);
  });
});

describe.each(["embedded", "redis"] as const)("forged ids, %s backend", (backend) => {
  let stack: Stack;
  let runId: string;
  beforeAll(async () => {
    stack = await startStack({ backend });
    const stream = await chat(stack, { prompt: "hello", threadId: "forged-own" });
    await stream.ended;
    runId = stream.response.headers.get("x-run-id") ?? "";
  });
  afterAll(() => stack.close());

  const forged = [
    ...HOSTILE.filter((id) => id.length < 1_000),
    "run-unknown",
    "x".repeat(129),
    "%",
    "%zz",
    "%00",
  ];
  const encoded = (id: string) => (id.startsWith("%") ? id : encodeURIComponent(id));

  /** Straight to Aura: 400 or 404, in the envelope, and nothing else. */
  const expectRefused = async (path: string, init: RequestInit, what: string) => {
    const response = await fetch(`${stack.aura.url}${path}`, init);
    const text = await response.text();
    expect([400, 404], `${what}: ${text}`).toContain(response.status);
    expect(JSON.parse(text), what).toMatchObject({ status: "ERROR", success: false });
  };

  test.each([
    ["GET", (id: string) => `/aura/runs/${id}`],
    ["GET", (id: string) => `/aura/runs/${id}/stream`],
    ["GET", (id: string) => `/aura/runs/${id}/events/1`],
    ["GET", (id: string) => `/aura/runs/${runId}/events/${id}`],
    ["GET", (id: string) => `/aura/runs/${runId}/stream?after=${id || "x"}`],
    ["GET", (id: string) => `/aura/threads/${id}/stream`],
    ["GET", (id: string) => `/aura/test/stream?prompt=hello&threadId=${id || "*"}`],
    ["POST", (id: string) => `/aura/runs/${id}/cancel`],
  ] as const)("%s %s", async (method, path) => {
    const { "content-type": _, ...headers } = await headersOf();
    for (const id of forged) {
      // A thread's id is the client's to choose; this one is well formed.
      if (path("").startsWith("/aura/test/") && /^[\w-]{1,128}$/.test(id)) continue;
      await expectRefused(path(encoded(id)), { method, headers }, JSON.stringify(id));
    }
  });

  test("in the body, and in Last-Event-ID", async () => {
    const headers = await headersOf();
    for (const id of forged) {
      if (!/^[\w-]{1,128}$/.test(id)) {
        for (const name of ["threadId", "thread_id", "sessionId"]) {
          const body = JSON.stringify({ prompt: "hello", [name]: id });
          await expectRefused("/aura/test/stream", { method: "POST", headers, body }, `${name} ${id}`);
        }
      }
      for (const lastEventId of [`${id}:1`, `${runId}:${id}`, id]) {
        // A header cannot carry these, and an empty one says nothing.
        if (/[^\t\x20-\xff]/.test(lastEventId) || lastEventId.trim() === "") continue;
        const body = JSON.stringify({ prompt: "hello" });
        const init = { method: "POST", headers: { ...headers, "last-event-id": lastEventId }, body };
        await expectRefused("/aura/test/stream", init, `Last-Event-ID ${lastEventId}`);
      }
    }
    expect(stack.logs.filter(({ msg }) => msg === "stream opened")).toHaveLength(1);
    expect(errorLines(stack)).toEqual([]);
  });
});
