import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { deriveMessageId, sendEmail } from "../../../tools/send-email.ts";
import { ToolError } from "../../../tools/tool.ts";
import { type SmtpOptions, startSmtp } from "../../helpers/smtp.ts";

const context = {
  threadId: "thread-1",
  taskId: "task-1",
  toolCallId: "call-1",
  tenantId: "tenant1",
  userId: "user1",
  language: "en" as const,
  signal: new AbortController().signal,
};
const mail = { to: "kim@example.com", subject: "회의 안내", body: "내일 3시 회의입니다\n둘째 줄" };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function smtp(options: SmtpOptions = {}) {
  const server = await startSmtp(options);
  cleanups.push(server.close);
  return server;
}

describe("send_email", () => {
  it("sends what it was given and closes its connection", async () => {
    const server = await smtp();
    const tool = sendEmail({ smtpUrl: server.url, from: "Aura <aura@dwp.local>" });
    const result = await tool.execute({ ...mail, cc: ["lee@example.com"] }, context);

    expect(result).toEqual({
      messageId: deriveMessageId(context, "Aura <aura@dwp.local>"),
      accepted: ["kim@example.com", "lee@example.com"],
      rejected: [],
    });
    expect(server.mails).toHaveLength(1);
    const [received] = server.mails;
    expect(received?.recipients).toEqual(["kim@example.com", "lee@example.com"]);
    expect(received?.mail.subject).toBe("회의 안내");
    expect(received?.mail.text?.trimEnd()).toBe(mail.body);
    expect(received?.mail.html).toBe(false);
    expect(received?.mail.from?.value[0]).toMatchObject({ address: "aura@dwp.local", name: "Aura" });
    expect(received?.mail.messageId).toBe(deriveMessageId(context, "Aura <aura@dwp.local>"));
    await expect.poll(() => server.connections()).toBe(0);
  });

  it("sends HTML when asked to", async () => {
    const server = await smtp();
    const tool = sendEmail({ smtpUrl: server.url, from: "aura@dwp.local" });
    await tool.execute({ ...mail, body: "<b>hi</b>", format: "html" }, context);
    expect(server.mails[0]?.mail.html).toContain("<b>hi</b>");
  });

  it("reports the recipients that the server refused", async () => {
    const server = await smtp({ refuse: ["nobody@example.com"] });
    const tool = sendEmail({ smtpUrl: server.url, from: "aura@dwp.local" });
    const args = { ...mail, to: ["kim@example.com", "nobody@example.com"] };
    expect(await tool.execute(args, context)).toMatchObject({
      accepted: ["kim@example.com"],
      rejected: ["nobody@example.com"],
    });
    const all = tool.execute({ ...mail, to: "nobody@example.com" }, context);
    await expect(all).rejects.toThrow("The mail was not sent.");
    // The server's own words are kept apart: to the model they are a stranger's.
    await expect(all).rejects.toMatchObject({
      quoted: expect.stringContaining("no mailbox nobody@example.com"),
    });
  });

  it("says that the outcome is unknown when the connection breaks after the content", async () => {
    const server = await smtp({ dropAfterData: true });
    const failing = sendEmail({ smtpUrl: server.url, from: "aura@dwp.local" }).execute(mail, context);
    await expect(failing).rejects.toThrow(ToolError);
    await expect(failing).rejects.toThrow(/outcome unknown.*Message-ID </);
  });

  it("fails when there is no server, or none that speaks", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as { port: number };
    closed.close();
    const down = sendEmail({ smtpUrl: `smtp://127.0.0.1:${port}`, from: "aura@dwp.local" });
    await expect(down.execute(mail, context)).rejects.toMatchObject({
      message: "The mail was not sent.",
      quoted: expect.stringContaining("ECONNREFUSED"),
    });

    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    cleanups.push(() => silent.close());
    const mute = sendEmail({
      smtpUrl: `smtp://127.0.0.1:${(silent.address() as { port: number }).port}`,
      from: "aura@dwp.local",
    });
    // nodemailer's own limit is minutes, and this test's is less.
    await expect(mute.execute(mail, context)).rejects.toMatchObject({
      message: "The mail was not sent.",
      quoted: expect.stringMatching(/[Gg]reeting/),
    });
  });

  it("says so when no mail server is configured, in the user's language", async () => {
    const tool = sendEmail({ smtpUrl: undefined, from: "aura@dwp.local" });
    await expect(tool.execute(mail, context)).rejects.toThrow("No mail server is configured (SMTP_URL)");
    await expect(tool.execute(mail, { ...context, language: "ko" })).rejects.toThrow(
      "메일 서버가 설정되어 있지 않아",
    );
  });

  it("does not send for a cancelled run", async () => {
    const server = await smtp();
    const tool = sendEmail({ smtpUrl: server.url, from: "aura@dwp.local" });
    await expect(tool.execute(mail, { ...context, signal: AbortSignal.abort() })).rejects.toThrow("aborted");
    expect(server.mails).toHaveLength(0);
  });

  it("limits the recipients over to and cc together", async () => {
    const tool = sendEmail({ smtpUrl: "smtp://127.0.0.1:1", from: "aura@dwp.local" });
    const many = Array.from({ length: 30 }, (_, at) => `u${at}@example.com`);
    await expect(tool.execute({ ...mail, to: many, cc: many }, context)).rejects.toThrow("at most 50");
  });
});

describe("the arguments of send_email", () => {
  const { schema, approval, approvalMessage } = sendEmail({ smtpUrl: undefined, from: "aura@dwp.local" });

  it("keep a single recipient a string and several a list", () => {
    expect(schema.parse(mail)).toEqual(mail);
    expect(schema.parse({ ...mail, to: ["a@x.com"] }).to).toEqual(["a@x.com"]);
  });

  it.each([
    ["an unknown key", { ...mail, bcc: "spy@example.com" }],
    ["a line break in the subject", { ...mail, subject: "Hi\r\nBcc: spy@example.com" }],
    ["a bare LF in the subject", { ...mail, subject: "Hi\nX: y" }],
    ["an empty subject", { ...mail, subject: "" }],
    ["an empty body", { ...mail, body: "" }],
    ["no recipient", { ...mail, to: [] }],
    ["no address", { ...mail, to: "kim" }],
    ["two addresses in one string", { ...mail, to: "a@x.com, b@x.com" }],
    ["a header in an address", { ...mail, to: "a@x.com\r\nBcc: b@x.com" }],
    ["an unknown format", { ...mail, format: "rtf" }],
    ["a body that is too long", { ...mail, body: "x".repeat(100_001) }],
    ["too many recipients", { ...mail, to: Array.from({ length: 51 }, (_, at) => `u${at}@x.com`) }],
  ])("refuse %s", (_name, args) => {
    expect(schema.safeParse(args).success).toBe(false);
  });

  it("always need approval, and the question names recipients and subject", () => {
    expect(approval).toBe("always");
    expect(approvalMessage({ ...mail, to: ["a@x.com", "b@x.com"] }, "en")).toBe(
      'Send the e-mail "회의 안내" to a@x.com, b@x.com?',
    );
    expect(approvalMessage(mail, "ko")).toBe('kim@example.com 주소로 "회의 안내" 메일을 보낼까요?');
  });
});

describe("deriveMessageId", () => {
  it("is the same for the same call and differs with every part of it", () => {
    const id = deriveMessageId(context, "aura@dwp.local");
    expect(id).toMatch(/^<[0-9a-f]{40}@dwp\.local>$/);
    expect(deriveMessageId({ ...context }, "aura@dwp.local")).toBe(id);
    const others = [
      deriveMessageId({ ...context, threadId: "thread-2" }, "aura@dwp.local"),
      deriveMessageId({ ...context, taskId: "task-2" }, "aura@dwp.local"),
      deriveMessageId({ ...context, toolCallId: "call-2" }, "aura@dwp.local"),
    ];
    expect(new Set([id, ...others]).size).toBe(4);
  });

  it("keeps the parts apart", () => {
    const one = deriveMessageId({ threadId: "a:b", taskId: "c", toolCallId: "d" }, "a@b.c");
    const two = deriveMessageId({ threadId: "a", taskId: "b:c", toolCallId: "d" }, "a@b.c");
    expect(one).not.toBe(two);
  });

  it("survives a sender without a domain", () => {
    expect(deriveMessageId(context, "aura")).toMatch(/@aura\.invalid>$/);
  });
});
