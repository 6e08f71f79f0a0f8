import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { confirm } from "../../cli/confirm.ts";
import { command, startCli, tokenOf } from "./cli.ts";
import { type Answer, type Asked, startApiServer } from "./saved-threads-server.ts";

const AT = Date.UTC(2026, 0, 16, 12, 0, 0);
const EVIL = "\u001b[2J회의 메일";

const summary = (n: number) => ({
  threadId: `thread-${n}`,
  title: `${EVIL} ${n}`,
  status: "waiting",
  createdAt: AT,
  updatedAt: AT,
  pendingApprovals: n % 2,
});

const approval = {
  requestId: "req-1",
  sessionId: "thread-1",
  runId: "run-1",
  actionType: "send_email",
  message: "Send it?",
  context: { to: "kim@example.com" },
  status: "pending",
  createdAt: AT,
  expiresAt: AT,
};

const thread = {
  ...summary(1),
  forkedFrom: { threadId: "thread-0", checkpointId: "cp-0" },
  messages: [
    { id: "1", role: "user", content: "Send a mail" },
    {
      id: "2",
      role: "assistant",
      content: "",
      toolCalls: [{ id: "c", name: "send_email", args: { to: "k" } }],
    },
    { id: "3", role: "tool", name: "send_email", status: "error", content: "no\nmailbox", toolCallId: "c" },
    { id: "4", role: "assistant", content: "It failed." },
  ],
  runs: [
    {
      runId: "run-1",
      threadId: "thread-1",
      status: "failed",
      attempt: 1,
      prompt: "Send a mail",
      createdAt: AT,
      updatedAt: AT,
      error: { errorCode: "E5000", message: "down" },
    },
  ],
  pendingApprovals: [approval],
  planSteps: [
    { id: "s1", title: "Write", description: "", status: "completed", confidence: 1, result: "ok" },
  ],
};

const checkpoint = {
  checkpointId: "cp-1",
  parentId: null,
  step: 2,
  source: "loop",
  next: ["tools"],
  createdAt: AT,
  interrupts: [{ id: "i", value: {} }],
  changed: [{ key: "messages", bytes: 120, value: [EVIL] }],
};

const audited = {
  requestId: "req-1",
  runId: "run-1",
  toolCallId: "c",
  tool: "send_email",
  arguments: { to: "kim@example.com" },
  digest: "d",
  message: "Send it?",
  status: "approved",
  proposedAt: AT,
  expiresAt: AT,
  decidedAt: AT,
  decidedBy: "user123",
  effectiveArguments: { to: "kim@example.com" },
  outcome: { state: "completed", result: "Message-ID <1@x>" },
};

/** Settled by a signal alone; somebody rejected it at Main Service at the same time. */
const LATE = {
  decidedBy: undefined,
  lateDecision: { status: "rejected", decidedBy: "boss", at: AT },
};

const runDetail = {
  runId: "run-1",
  threadId: "thread-1",
  status: "completed",
  attempt: 1,
  prompt: "Send a mail",
  createdAt: AT,
  updatedAt: AT,
  nodes: [{ node: "plan", startedAt: AT, endedAt: AT + 1500, ms: 1500, checkpointId: "cp-1" }],
  tools: [
    { tool: "send_email", toolCallId: "c", status: "completed", startedAt: null, endedAt: null, ms: null },
    {
      ...{ tool: "send_email", toolCallId: "d", status: "failed", outcome: "unknown" },
      ...{ startedAt: null, endedAt: null, ms: null },
    },
    {
      ...{ tool: "send_email", toolCallId: "e", status: "failed", outcome: "failed" },
      ...{ startedAt: null, endedAt: null, ms: null },
    },
    {
      tool: "slow",
      toolCallId: "f",
      status: "executing",
      outcome: null,
      startedAt: AT,
      endedAt: null,
      ms: null,
    },
  ],
  usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
  waitedMs: 61_000,
};

const frame = (id: string, text: string) =>
  `id: ${id}\nevent: content\ndata: ${JSON.stringify({ type: "content", data: { content: text } })}\nid: ${id}\n\n`;
/** An event that the service had to cut for its stream. */
const cut = (id: string) =>
  `id: ${id}\nevent: thought\ndata: {"type":"thought","data":{"truncated":true}}\nid: ${id}\n\n`;
const done = (id: string) => `id: ${id}\ndata: [DONE]\n\n`;
const onThread = { "x-thread-id": "thread-1" };

let answers: Record<string, Answer | ((asked: Asked) => Answer)>;
let server: Awaited<ReturnType<typeof startApiServer>>;
let env: NodeJS.ProcessEnv;
let dir: string;
beforeAll(async () => {
  vi.stubEnv("TZ", "UTC");
  server = await startApiServer((asked) => {
    const answer = answers[asked.line.split("?")[0] ?? ""];
    if (typeof answer === "function") return answer(asked);
    return answer ?? { status: 404, errorCode: "E1004", message: "Resource not found." };
  });
  env = { AURA_URL: server.url, AURA_TOKEN: await tokenOf() };
});
beforeEach(() => {
  answers = {};
  server.asked.length = 0;
  dir = mkdtempSync(join(tmpdir(), "aura-cli-"));
});
afterEach(() => rmSync(dir, { recursive: true }));
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

const lines = () => server.asked.map(({ line }) => line);

test("threads are a table, harmless and aligned, over as many pages as it takes", async () => {
  answers["GET /aura/threads"] = ({ line }) => {
    const second = line.includes("cursor=");
    const items = second ? [summary(101)] : Array.from({ length: 100 }, (_, n) => summary(n + 1));
    return { data: { items, ...(second ? {} : { nextCursor: "n&xt" }) } };
  };
  const [table, json] = await Promise.all([
    command(["threads", "--all", "--status", "waiting"], env),
    command(["threads", "--limit", "100", "--json"], env),
  ]);
  const rows = table.stdout.trimEnd().split("\n");
  expect(rows).toHaveLength(102);
  expect(rows[0]).toBe("THREAD      STATUS   WAITING  UPDATED              TITLE");
  expect(rows[1]).toBe("thread-1    waiting  1        2026-01-16 12:00:00  ␛[2J회의 메일 1");
  expect(rows[101]).toBe("thread-101  waiting  1        2026-01-16 12:00:00  ␛[2J회의 메일 101");
  expect(lines()).toContain("GET /aura/threads?limit=100&cursor=n%26xt&status=waiting");
  const page = JSON.parse(json.stdout);
  expect(page.items).toHaveLength(100);
  expect([page.nextCursor, page.items[1]]).toEqual(["n&xt", summary(2)]);
  expect(json.stdout).not.toContain("\u001b");
});

test("show, history, audit and run tell a thread's story", async () => {
  answers["GET /aura/threads/thread-1"] = { data: thread };
  answers["GET /aura/threads/thread-1/history"] = { data: { items: [checkpoint], nextCursor: "n" } };
  answers["GET /aura/threads/thread-1/audit"] = {
    data: {
      items: [
        audited,
        { ...audited, requestId: "req-2", ...LATE },
        { ...audited, requestId: "req-3", imported: true },
      ],
    },
  };
  answers["GET /aura/runs/run-1"] = { data: runDetail };
  const [show, history, audit, run] = await Promise.all([
    command(["show", "thread-1"], env),
    command(["history", "thread-1", "--limit", "1", "--values"], env),
    command(["audit", "thread-1"], env),
    command(["run", "run-1"], env),
  ]);
  expect(show.stdout).toContain(`forked from thread-0 at cp-0

Conversation
user: Send a mail
aura → send_email {"to":"k"}
tool send_email: no
      mailbox
aura: It failed.

Plan
✔ Write - ok

Runs
RUN    STATUS  UPDATED              PROMPT
run-1  failed  2026-01-16 12:00:00  Send a mail - E5000: down

Waiting for a decision
┌ approval: send_email
│ Send it?
│   to: kim@example.com
└ req-1
thread thread-1  run run-1  until 2026-01-16 12:00:00
approve: npm run --silent aura -- approve req-1
reject:  npm run --silent aura -- reject req-1 --reason '...'
edit:    npm run --silent aura -- edit req-1`);
  expect(history.stdout).toBe(`cp-1
step 2  loop  2026-01-16 12:00:00  next: tools (waits: 1)
  messages (120 B): ["\\u001b[2J회의 메일"]
`);
  expect(history.stderr).toBe("there are more: --limit\n");
  expect(lines()).toContain("GET /aura/threads/thread-1/history?limit=1&values=true");
  expect(audit.stdout).toBe(`req-1  send_email  proposed 2026-01-16 12:00:00
  Send it?
  proposed: {"to":"kim@example.com"}
  decision: approved by user123 at 2026-01-16 12:00:00
  ran with: {"to":"kim@example.com"}
  outcome:  completed - Message-ID <1@x>

req-2  send_email  proposed 2026-01-16 12:00:00
  Send it?
  proposed: {"to":"kim@example.com"}
  decision: approved by nobody who is named at 2026-01-16 12:00:00
  too late: rejected by boss at 2026-01-16 12:00:00
  ran with: {"to":"kim@example.com"}
  outcome:  completed - Message-ID <1@x>

req-3  send_email  proposed 2026-01-16 12:00:00
  imported: all of this is what the file said; nobody here has seen it
  Send it?
  proposed: {"to":"kim@example.com"}
  decision: approved by user123 at 2026-01-16 12:00:00
  ran with: {"to":"kim@example.com"}
  outcome:  completed - Message-ID <1@x>
`);
  expect(run.stdout).toBe(`run-1  completed  thread thread-1
> Send a mail
started 2026-01-16 12:00:00, last change 2026-01-16 12:00:00, attempt 1
waited for people: 1 min 1 s
tokens: 10 in, 5 out, 15 in all

TIME   STARTED              NODE
1.5 s  2026-01-16 12:00:00  plan

TIME  STARTED              STATUS            TOOL
-     -                    completed         send_email
-     -                    failed (unknown)  send_email
-     -                    failed            send_email
-     2026-01-16 12:00:00  executing         slow
`);
});

test("the audit says of an edited call what was proposed, what it became and who has changed it", async () => {
  const proposed = { to: "kim@example.com" };
  const edited = { ...audited, requestId: "req-2", arguments: { to: "lee@example.com" } };
  answers["GET /aura/threads/thread-1/audit"] = {
    data: {
      items: [
        {
          ...{ ...audited, status: "superseded", decidedBy: undefined, editedAs: "req-2\u001b[2J" },
          ...{ effectiveArguments: null, outcome: { state: "not_executed" } },
        },
        {
          ...edited,
          ...{ editOf: "req-1", editedBy: EVIL, proposedArguments: proposed, status: "pending" },
          ...{ decidedAt: undefined, effectiveArguments: null, outcome: { state: "not_executed" } },
        },
        { ...edited, editOf: "req-1", proposedArguments: proposed, effectiveArguments: edited.arguments },
      ],
    },
  };
  const { code, stdout } = await command(["audit", "thread-1"], env);
  expect(code).toBe(0);
  expect(stdout).toBe(`req-1  send_email  proposed 2026-01-16 12:00:00
  Send it?
  proposed: {"to":"kim@example.com"}
  decision: none: edited at 2026-01-16 12:00:00, req-2␛[2J has taken its place
  outcome:  not_executed

req-2  send_email  edited 2026-01-16 12:00:00
  edited:   by ␛[2J회의 메일, in place of req-1
  Send it?
  proposed: {"to":"kim@example.com"}
  became:   {"to":"lee@example.com"}
  decision: pending
  outcome:  not_executed

req-2  send_email  edited 2026-01-16 12:00:00
  edited:   by nobody who is named, in place of req-1
  Send it?
  proposed: {"to":"kim@example.com"}
  became:   {"to":"lee@example.com"}
  decision: approved by user123 at 2026-01-16 12:00:00
  ran with: {"to":"lee@example.com"}
  outcome:  completed - Message-ID <1@x>
`);
});

test("a replay draws each run under its prompt, cut events whole, and comes back behind the last event when the connection breaks", async () => {
  answers["GET /aura/threads/thread-1"] = { data: thread };
  answers["POST /aura/threads/thread-1/replay"] = ({ body }) =>
    body.from === undefined
      ? { frames: frame("run-1:1", "one "), headers: onThread }
      : { frames: frame("run-1:2", "two") + cut("run-2:1") + done("run-2:1"), headers: onThread };
  answers["GET /aura/runs/run-2/events/1"] = { data: { type: "thought", data: { content: "the whole" } } };
  const { code, stdout } = await command(["replay", "thread-1", "--speed", "100"], env);
  expect(code).toBe(0);
  expect(stdout).toBe(`thread thread-1  run run-1
> Send a mail

one two
thread thread-1  run run-2
the whole
`);
  const bodies = server.asked.map(({ body }) => body).filter((body) => body !== undefined);
  expect(bodies).toEqual([{ speed: 100 }, { speed: 100, from: "run-1:1" }]);
});

test("Ctrl-C ends a replay at once with 130, and a reader that leaves ends it quietly", async () => {
  answers["POST /aura/threads/thread-1/replay"] = { frames: frame("run-1:1", "one"), hold: true };
  const stopped = startCli(["replay", "thread-1", "--json"], env);
  await stopped.said(/run-1:1/);
  stopped.child.kill("SIGINT");
  expect(await stopped.ended).toMatchObject({ code: 130, stderr: "" });
  const many = Array.from({ length: 5_000 }, (_, n) => frame(`run-1:${n + 1}`, "x".repeat(500))).join("");
  answers["POST /aura/threads/thread-1/replay"] = { frames: many, hold: true };
  const left = startCli(["replay", "thread-1", "--json"], env);
  left.child.stdout?.once("data", () => left.child.stdout?.destroy());
  const { code, stderr } = await left.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

test("a fork is asked for once: when its stream breaks, its run is followed", async () => {
  const edits = join(dir, "edits.json");
  writeFileSync(edits, '{"language":"en"}');
  const forked = { "x-thread-id": "thread-2", "x-run-id": "run-9" };
  answers["POST /aura/threads/thread-1/fork"] = {
    frames: frame("run-9:1", "one "),
    headers: forked,
  };
  answers["GET /aura/runs/run-9/stream"] = {
    frames: frame("run-9:2", "two") + done("run-9:2"),
    headers: forked,
  };
  const { code, stdout } = await command(
    ["fork", "thread-1", "cp-1", "--prompt", "Again", "--edits", edits],
    env,
  );
  expect(code).toBe(0);
  expect(stdout).toBe("thread thread-2  run run-9\n> Again\n\none two\n");
  expect(lines()).toEqual(["POST /aura/threads/thread-1/fork", "GET /aura/runs/run-9/stream"]);
  expect(server.asked[0]?.body).toEqual({ checkpointId: "cp-1", prompt: "Again", edits: { language: "en" } });
  expect(server.asked[1]?.headers["last-event-id"]).toBe("run-9:1");
});

test("export, import and delete move a document as it is", async () => {
  // As JSON text, because in a literal __proto__ would be the prototype.
  const document = JSON.parse(
    `{"format":"aura-thread","version":1,"__proto__":{"a":1},"title":"\\u001b회의"}`,
  );
  const file = join(dir, "thread.json");
  answers["GET /aura/threads/thread-1/export"] = { data: document };
  answers["POST /aura/threads/import"] = { data: { threadId: "thread-7" } };
  answers["DELETE /aura/threads/thread-1"] = { data: { threadId: "thread-1" } };
  const [toStdout, toFile, unconfirmed] = await Promise.all([
    command(["export", "thread-1"], env),
    command(["export", "thread-1", "-o", file], env),
    command(["delete", "thread-1"], env),
  ]);
  expect(toStdout.stdout).toBe(readFileSync(file, "utf8"));
  expect(JSON.stringify(JSON.parse(toStdout.stdout))).toBe(JSON.stringify(document));
  expect(toFile.stdout).toBe(`thread-1 is in ${file}\n`);
  expect(unconfirmed).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
  server.asked.length = 0;
  const [fromFile, fromStdin, broken, deleted] = await Promise.all([
    command(["import", file], env),
    command(["import", "-", "--json"], env, toStdout.stdout),
    command(["import", "-"], env, toStdout.stdout.slice(0, 30)),
    command(["delete", "thread-1", "--yes"], env),
  ]);
  expect(fromFile).toMatchObject({ code: 0, stdout: "thread-7\n" });
  expect(JSON.parse(fromStdin.stdout)).toEqual({ threadId: "thread-7" });
  expect(broken).toMatchObject({ code: 1, stderr: "aura: stdin is not a JSON document\n" });
  expect(deleted).toMatchObject({ code: 0, stdout: "thread-1 is deleted\n" });
  expect(lines().sort()).toEqual([
    "DELETE /aura/threads/thread-1",
    "POST /aura/threads/import",
    "POST /aura/threads/import",
  ]);
});

test("a deletion is asked about, and only a yes is a yes", async () => {
  const asked = async (answer: string) => {
    const input = new PassThrough();
    input.end(answer);
    return confirm("Delete?", input, new PassThrough());
  };
  for (const yes of ["y\n", "YES\n", " 네 \n"]) expect(await asked(yes)).toBe(true);
  for (const no of ["", "\n", "n\n", "yesterday\n"]) expect(await asked(no)).toBe(false);
});

test("what the service refuses is said with its code, harmless and in one line", async () => {
  answers["DELETE /aura/threads/thread-1"] = {
    status: 409,
    errorCode: "E3001",
    message: `Busy\n${EVIL}\u202e`,
  };
  answers["POST /aura/threads/import"] = { status: 413, errorCode: "E4000", message: "Bad request." };
  const [busy, large, rebuild] = await Promise.all([
    command(["delete", "thread-1", "--yes"], env),
    command(["import", "-"], env, "{}"),
    command(["audit", "thread-unknown"], env),
  ]);
  expect(busy).toMatchObject({ code: 1, stderr: "aura: E3001 (HTTP 409): Busy ␛[2J회의 메일<U+202E>\n" });
  expect(large.stderr).toContain("E4000 (HTTP 413): Bad request. - the Gateway takes 256 KB");
  expect(rebuild).toMatchObject({ code: 1, stderr: "aura: E1004 (HTTP 404): Resource not found.\n" });
});
