import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Client } from "@langchain/langgraph-sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { importIntoStudio } from "../../cli/studio-import.ts";
import { createMailbox, type Mailbox } from "../../devstack/mailbox.ts";

const root = new URL("../..", import.meta.url).pathname;
const mailTo = (subject: string) => `Send an email to kim@example.com with subject ${subject} saying hello`;

let mailbox: Mailbox;
let studio: ChildProcess;
let client: Client;
let folder: string;

beforeAll(async () => {
  mailbox = await createMailbox({ port: 0 });
  // The server keeps its threads where it runs: not in the repository.
  folder = mkdtempSync(join(tmpdir(), "aura-studio-"));
  for (const name of ["graphs", "tools", "node_modules", "package.json", "tsconfig.json", "langgraph.json"]) {
    symlinkSync(join(root, name), join(folder, name));
  }
  const port = await freePort();
  studio = spawn(process.execPath, [join(root, "devstack/studio.ts")], {
    cwd: folder,
    env: { PATH: process.env.PATH, STUDIO_PORT: `${port}`, SMTP_URL: mailbox.url },
    stdio: ["ignore", "ignore", "pipe"],
  });
  await listening(studio);
  client = new Client({ apiUrl: `http://127.0.0.1:${port}`, apiKey: null });
});

afterAll(async () => {
  const exited = once(studio, "exit");
  studio.kill("SIGTERM");
  await exited;
  await mailbox.close();
  rmSync(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

function listening({ stderr }: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stderr! });
    lines.on("line", (line) => line.includes("Server running at") && resolve());
    lines.once("close", () => reject(new Error("the dev server has ended")));
  });
}

/** A person types a message in Studio and nothing else. */
async function ask(prompt: string) {
  const { thread_id: threadId } = await client.threads.create();
  await client.runs.wait(threadId, "aura", { input: { messages: [{ role: "user", content: prompt }] } });
  return threadId;
}

async function interruptOf(threadId: string) {
  const { tasks } = await client.threads.getState(threadId);
  const found = tasks.flatMap(({ interrupts }) => interrupts)[0];
  if (found?.id === undefined) throw new Error("nothing waits");
  return { id: found.id, value: found.value as any, raw: found as any };
}

const resume = async (threadId: string, decision: unknown) => {
  const { id } = await interruptOf(threadId);
  // Named, because after a replay the server would go on from the checkpoint that was replayed.
  const { checkpoint } = await client.threads.getState(threadId);
  return client.runs.wait(threadId, "aura", {
    command: { resume: { [id]: decision } },
    checkpoint: checkpoint as any,
  });
};
const lastText = async (threadId: string) => {
  const { values } = await client.threads.getState<{ messages: { content: string }[] }>(threadId);
  return values.messages.at(-1)?.content ?? "";
};
const mails = (subject: string) => mailbox.mails().filter((mail) => mail.subject === subject).length;

test("the state is typed, and the nodes have the names of the graph", async () => {
  const [assistant] = await client.assistants.search({ graphId: "aura" });
  const schemas = await client.assistants.getSchemas(assistant?.assistant_id ?? "");
  expect(Object.keys(schemas.state_schema?.properties ?? {}).sort()).toEqual(
    ["answered", "context", "language", "messages", "steps", "turns", "usage", "written"].sort(),
  );
  const { nodes } = await client.assistants.getGraph(assistant?.assistant_id ?? "");
  expect(nodes.map(({ id }) => id).sort()).toEqual(
    ["__end__", "__start__", "agent", "finish", "plan", "tools"].sort(),
  );
});

test("a run stops at its approval, whose answer has a documented schema, and goes on when it is given", async () => {
  const threadId = await ask(mailTo("Studio yes"));
  const { next } = await client.threads.getState(threadId);
  expect(next).toEqual(["tools"]);
  const { value, raw } = await interruptOf(threadId);
  expect(value).toMatchObject({
    kind: "approval",
    actionType: "send_email",
    context: { to: "kim@example.com", subject: "Studio yes" },
    message: expect.stringContaining("Studio yes"),
  });
  expect(raw.response_schema).toMatchObject({
    required: ["status"],
    properties: { status: { enum: expect.arrayContaining(["approved", "rejected"]) } },
  });
  expect(mails("Studio yes")).toBe(0);
  await resume(threadId, { status: "approved" });
  expect(mails("Studio yes")).toBe(1);
  expect((await client.threads.getState(threadId)).next).toEqual([]);
});

test("a rejection keeps the mail back, and says why", async () => {
  const threadId = await ask(mailTo("Studio no"));
  await resume(threadId, { status: "rejected", reason: "too early" });
  expect(mails("Studio no")).toBe(0);
  expect(await lastText(threadId)).toContain("too early");
});

test("a wrong answer is a clear error, and the approval can still be decided", async () => {
  const threadId = await ask(mailTo("Studio wrong"));
  await expect(resume(threadId, { status: "perhaps" })).rejects.toThrow(/an approval is resumed with/);
  await resume(threadId, { status: "approved" });
  expect(mails("Studio wrong")).toBe(1);
});

/** As agent-chat-ui and agent-inbox resume: without the interrupt's id. */
const answer = (threadId: string, decision: unknown) =>
  client.runs.wait(threadId, "aura", { command: { resume: decision } } as any);

test("agent-chat-ui finds the request that it looks for, and its approval and edit are understood", async () => {
  const threadId = await ask(mailTo("Chat"));
  const { value } = await interruptOf(threadId);
  const args = { to: "kim@example.com", subject: "Chat", body: "hello" };
  expect(value.action_requests).toMatchObject([{ name: "send_email", args, description: value.message }]);
  expect(value.review_configs).toMatchObject([
    { action_name: "send_email", allowed_decisions: ["approve", "edit", "reject", "respond"] },
  ]);
  await answer(threadId, { decisions: [{ type: "approve" }] });
  expect(mails("Chat")).toBe(1);

  const edited = await ask(mailTo("Chat edit"));
  const toLee = { ...args, to: "lee@example.com", subject: "Chat edit" };
  await answer(edited, { decisions: [{ type: "edit", edited_action: { name: "send_email", args: toLee } }] });
  expect(mailbox.mails().find(({ subject }) => subject === "Chat edit")).toMatchObject({
    to: ["lee@example.com"],
  });
  expect(await lastText(edited)).toContain("The mail to lee@example.com was sent");
});

test("agent-inbox finds the arguments where it reads them, on the thread, and its answers are understood", async () => {
  const threadId = await ask(mailTo("Inbox"));
  const { interrupts = {} } = await client.threads.get(threadId);
  const [[found] = []] = Object.values(interrupts);
  const value = found?.value as any;
  const args = { to: "kim@example.com", subject: "Inbox", body: "hello" };
  expect(value.action_requests).toMatchObject([{ name: "send_email", arguments: args }]);
  await answer(threadId, [{ type: "response", args: "Kim knows already" }]);
  expect(mails("Inbox")).toBe(0);
  expect(await lastText(threadId)).toContain("Kim knows already");

  const other = await ask(mailTo("Inbox accept"));
  const asked = { action: "send_email", args: { ...args, subject: "Inbox accept" } };
  await answer(other, [{ type: "accept", args: asked }]);
  expect(mails("Inbox accept")).toBe(1);

  const ignored = await ask(mailTo("Inbox ignore"));
  await answer(ignored, [{ type: "ignore", args: null }]);
  expect(mails("Inbox ignore")).toBe(0);
  expect((await client.threads.getState(ignored)).next).toEqual([]);
});

test("an edit that cannot be taken is a clear error, and the approval can still be decided", async () => {
  const threadId = await ask(mailTo("Studio edit"));
  const { value } = await interruptOf(threadId);
  const editTo = (to: string) => ({
    decisions: [{ type: "edit", edited_action: { name: "send_email", args: { ...value.context, to } } }],
  });
  await expect(answer(threadId, editTo("nobody"))).rejects.toThrow(/changed arguments cannot be taken.*to/s);
  expect((await interruptOf(threadId)).value.context).toEqual(value.context);
  await answer(threadId, editTo("lee@example.com"));
  expect(mails("Studio edit")).toBe(1);
});

test("of two mails one is asked about at a time, so that a plain answer is one mail's", async () => {
  const threadId = await ask(
    "Send an email to kim@example.com with subject Twice A saying one, and send an email to lee@example.com with subject Twice B saying two",
  );
  const subject = async () => (await interruptOf(threadId)).value.context.subject;
  expect(await subject()).toBe("Twice A");
  await answer(threadId, { decisions: [{ type: "reject", message: "no" }] });
  expect(await subject()).toBe("Twice B");
  await answer(threadId, { decisions: [{ type: "approve" }] });
  expect([mails("Twice A"), mails("Twice B")]).toEqual([0, 1]);
  expect((await client.threads.getState(threadId)).next).toEqual([]);
});

test.each([
  [mailTo("Tongue"), /^Send an e-mail to/, /^This is no answer to an approval/, /No mail was sent/],
  [
    "kim@example.com 에게 제목 회의 내용 내일 3시 회의입니다 라고 메일 보내줘",
    /메일/,
    /^승인에 대한 답으로 읽을 수 없습니다/,
    /메일을 보내지 않았습니다/,
  ],
])("a run speaks its prompt's language: %s", async (prompt, question, error, end) => {
  const threadId = await ask(prompt);
  expect((await interruptOf(threadId)).value.message).toMatch(question);
  const failure = await answer(threadId, "perhaps").then(
    () => "",
    (thrown: Error) => thrown.message,
  );
  expect(JSON.parse(/\{.*\}/s.exec(failure)?.[0] ?? "{}").message).toMatch(error);
  await answer(threadId, { decisions: [{ type: "reject" }] });
  expect(await lastText(threadId)).toMatch(end);
});

test("an earlier checkpoint is replayed, and asks again", async () => {
  const threadId = await ask(mailTo("Studio again"));
  await resume(threadId, { status: "rejected" });
  const history = await client.threads.getHistory(threadId);
  const before = history.find(({ next }) => next.includes("tools"));
  await client.runs.wait(threadId, "aura", { input: null, checkpoint: before?.checkpoint as any });
  expect((await interruptOf(threadId)).value.context.subject).toBe("Studio again");
  await resume(threadId, { status: "approved" });
  expect(mails("Studio again")).toBe(1);
});

test("a checkpoint goes on with an edited state", async () => {
  const threadId = await ask(mailTo("Studio old"));
  const { values, checkpoint } = await client.threads.getState<{ messages: any[] }>(threadId);
  const message = values.messages.at(-1);
  const [call] = message.tool_calls;
  const edited = { ...message, tool_calls: [{ ...call, args: { ...call.args, subject: "Studio new" } }] };
  await client.threads.updateState(threadId, {
    values: { messages: [edited] },
    asNode: "agent",
    checkpoint: checkpoint as any,
  });
  await client.runs.wait(threadId, "aura", { input: null });
  expect((await interruptOf(threadId)).value.context.subject).toBe("Studio new");
  await resume(threadId, { status: "approved" });
  expect([mails("Studio old"), mails("Studio new")]).toEqual([0, 1]);
});

test("a saved conversation is imported and gone on with", async () => {
  const threadId = await importIntoStudio(client, {
    messages: [
      { id: "h1", role: "user", content: "mail Kim" },
      {
        id: "a1",
        role: "assistant",
        content: "",
        toolCalls: [{ id: "call_0", name: "send_email", args: { to: "kim@example.com" } }],
      },
      { id: "t1", role: "tool", content: "{}", toolCallId: "call_0", name: "send_email" },
      { id: "a2", role: "assistant", content: "Kim has it." },
    ],
  });
  const before = await client.threads.getState<{ messages: any[] }>(threadId);
  expect(before.next).toEqual([]);
  expect(before.values.messages.map(({ id }) => id)).toEqual(["h1", "a1", "t1", "a2"]);
  await client.runs.wait(threadId, "aura", { input: { messages: [{ role: "user", content: "thank you" }] } });
  expect(await lastText(threadId)).toContain("thank you");
});
