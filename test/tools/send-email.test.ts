import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { deriveMessageId } from "../../tools/message-id.ts";
import { createToolRegistry } from "../../tools/registry.ts";
import { sendEmail } from "../../tools/send-email.ts";
import { ToolError } from "../../tools/tool.ts";
import { type SmtpOptions, startSmtp } from "../helpers/smtp.ts";

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

  it("fails when there is no server", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as { port: number };
    closed.close();
    const down = sendEmail({ smtpUrl: `smtp://127.0.0.1:${port}`, from: "aura@dwp.local" });
    await expect(down.execute(mail, context)).rejects.toMatchObject({
      message: "The mail was not sent.",
      quoted: expect.stringContaining("ECONNREFUSED"),
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

  it("sends to the addresses that an approver was shown, however they were written", async () => {
    const server = await smtp();
    const tool = sendEmail({ smtpUrl: server.url, from: "아우라 <aura@회사.한국>" });
    const written = {
      ...mail,
      to: '"boss@dwp.com" <evil@x.com>, Kim <kim@한국.kr>',
      cc: ["mailto:lee@x.com."],
    };
    const args = tool.schema.parse(written);
    const shown = ["evil@x.com", "kim@xn--3e0b707e.kr", "lee@x.com"];
    expect([args.to, args.cc].flat()).toEqual(shown);
    expect(tool.approvalMessage(args, "en")).toBe(
      'Send an e-mail to 3 recipients (1 in copy)? Recipients: evil@x.com, kim@xn--3e0b707e.kr, lee@x.com. Outside xn--vf4b131b.xn--3e0b707e (회사.한국): x.com, xn--3e0b707e.kr (한국.kr). Subject: "회의 안내"',
    );
    expect(tool.approvalMessage(args, "en")).not.toContain("boss");
    expect(await tool.execute(args, context)).toMatchObject({ accepted: shown, rejected: [] });
    // The server of the test shows domains as people read them.
    expect(server.mails[0]?.recipients).toEqual(["evil@x.com", "kim@한국.kr", "lee@x.com"]);
    const { mail: received } = server.mails[0] ?? {};
    expect(JSON.stringify([received?.to, received?.cc])).not.toContain("boss");
  });
});

const BIDI = [..."\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"];
const nameOf = (character: string) => `U+${character.codePointAt(0)?.toString(16)}`;

describe("the arguments of send_email", () => {
  const { schema, approval, identifying, approvalMessage } = sendEmail({
    smtpUrl: undefined,
    from: "aura@dwp.local",
  });

  it("keep a single recipient a string and several a list", () => {
    expect(schema.parse(mail)).toEqual(mail);
    expect(schema.parse({ ...mail, to: ["a@x.com"] }).to).toEqual(["a@x.com"]);
  });

  it("keep a list a list, and make one of a text that names several", () => {
    const to = (value: unknown) => schema.parse({ ...mail, to: value }).to;
    expect(to("Kim <kim@x.com>")).toBe("kim@x.com");
    expect(to("a@x.com, B <b@x.com>")).toEqual(["a@x.com", "b@x.com"]);
    expect(to(["a@x.com; b@x.com", "C <c@x.com>", "A <a@X.com>"])).toEqual(["a@x.com", "b@x.com", "c@x.com"]);
    expect(to(["Kim <kim@x.com>"])).toEqual(["kim@x.com"]);
    // What has been asked for before this was read stays the same call.
    expect(schema.parse({ ...mail, to: "Kim@X.COM" }).to).toBe("Kim@X.COM");
  });

  it.each([[""], [" "], [[]]])("take %j as no copy", (cc) => {
    expect(schema.parse({ ...mail, cc })).toEqual(mail);
  });

  it("refuse more than 50 recipients over to and cc together, and say so", () => {
    const many = (name: string, count: number) =>
      Array.from({ length: count }, (_, at) => `${name}${at}@x.com`);
    const problem = (to: unknown, cc: unknown) =>
      schema.safeParse({ ...mail, to, cc }).error?.issues[0]?.message;
    expect(problem(many("a", 25), many("b", 25))).toBeUndefined();
    expect(problem(many("a", 50), undefined)).toBeUndefined();
    expect(problem(many("a", 25), many("b", 26))).toMatch(/at most 50 recipients.* these are 51/);
    expect(problem(many("a", 30).join(", "), many("b", 30).join("; "))).toMatch(/these are 60/);
    expect(problem(many("a", 51), undefined)).toMatch(/at most 50/);
    expect(problem("a@x.com", many("b", 50))).toMatch(/at most 50/);
    expect(problem(many("a", 100_000).join(), undefined)).toMatch(/20000/);
  });

  it("offer the model a text or a list of texts", () => {
    const [definition] = createToolRegistry([sendEmail({ smtpUrl: undefined, from: "a@b.c" })]).definitions;
    const { properties, required }: any = definition!.function.parameters;
    const forms = properties.to.anyOf.map(({ type }: { type: string }) => type);
    expect(properties.to.anyOf[1].maxItems).toBe(50);
    expect([forms, required]).toEqual([
      ["string", "array"],
      ["to", "subject", "body"],
    ]);
  });

  it.each([
    ["an unknown key", { ...mail, bcc: "spy@example.com" }],
    ["a line break in the subject", { ...mail, subject: "Hi\r\nBcc: spy@example.com" }],
    ["a bare LF in the subject", { ...mail, subject: "Hi\nX: y" }],
    ...BIDI.map((mark): [string, unknown] => [
      `${nameOf(mark)} in the subject`,
      { ...mail, subject: `a${mark}b` },
    ]),
    ...["\u2028", "\u2029"].map((mark): [string, unknown] => [
      `${nameOf(mark)} in the subject`,
      { ...mail, subject: `a${mark}b` },
    ]),
    ...[...BIDI, ..."\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f\u{e0041}"].flatMap(
      (mark): [string, unknown][] => [
        [`${nameOf(mark)} in an address`, { ...mail, to: `kim${mark}@example.com` }],
        [`${nameOf(mark)} in the domain of a copy`, { ...mail, cc: ["a@x.com", `kim@exam${mark}ple.com`] }],
      ],
    ),
    ["letters of another script in an address", { ...mail, to: "kim@ex\u0430mple.com" }],
    ["an empty subject", { ...mail, subject: "" }],
    ["an empty body", { ...mail, body: "" }],
    ["no recipient", { ...mail, to: [] }],
    ["no address", { ...mail, to: "kim" }],
    ["an address among others that is none", { ...mail, to: ["a@x.com", "Kim"] }],
    ["another address as a name", { ...mail, cc: "boss@dwp.com <evil@x.com>" }],
    ["a header in an address", { ...mail, to: "a@x.com\r\nBcc: b@x.com" }],
    ["an unknown format", { ...mail, format: "rtf" }],
    ["a body that is too long", { ...mail, body: "x".repeat(100_001) }],
    ["too many recipients", { ...mail, to: Array.from({ length: 51 }, (_, at) => `u${at}@x.com`) }],
  ])("refuse %s", (_name, args) => {
    expect(schema.safeParse(args).success).toBe(false);
  });

  it.each(["회의 👨‍👩‍👧‍👦 👩🏽‍💻 ❤️", "می‌خواهم", "ㅎㅏㄴ글 (주)한국"])("take the subject %s", (subject) => {
    expect(schema.parse({ ...mail, subject })).toEqual({ ...mail, subject });
    expect(approvalMessage({ ...mail, subject }, "ko")).toContain("제목: ");
  });

  it("always need approval, and all but the body identify the mail", () => {
    expect(approval).toBe("always");
    expect(Object.keys(schema.shape).filter((name) => !identifying?.some((each) => each === name))).toEqual([
      "body",
    ]);
  });
});

describe("the question of send_email", () => {
  const question = (rest: object, language: "ko" | "en", from = "Aura <aura@DWP.local>") =>
    sendEmail({ smtpUrl: undefined, from }).approvalMessage({ ...mail, ...rest }, language);

  it("names recipients, foreign domains and subject", () => {
    expect(question({ to: ["a@dwp.local", "b@X.com"] }, "en")).toBe(
      'Send an e-mail to 2 recipients? Recipients: a@dwp.local, b@X.com. Outside dwp.local: x.com. Subject: "회의 안내"',
    );
    expect(question({}, "ko")).toBe(
      '1명에게 메일을 보낼까요? 받는 사람: kim@example.com. dwp.local 외부 도메인: example.com. 제목: "회의 안내"',
    );
    expect(question({ to: "lee@dwp.local" }, "en")).toBe(
      'Send an e-mail to 1 recipient? Recipients: lee@dwp.local. All of them are in dwp.local. Subject: "회의 안내"',
    );
    expect(question({ to: "lee@dwp.local" }, "ko")).toContain("모두 dwp.local 주소입니다.");
  });

  it("counts copies, and names every foreign domain once, however many recipients there are", () => {
    const to = Array.from({ length: 20 }, (_, at) => `in-${at}@dwp.local`);
    const cc = Array.from({ length: 30 }, (_, at) => `out-${at}@${at % 29}.example`);
    for (const language of ["ko", "en"] as const) {
      const text = question({ to, cc }, language);
      expect(text).toMatch(
        language === "ko"
          ? /^50명에게.*참조 30명 포함.*외 45명/
          : /^Send an e-mail to 50 .*\(30 in copy\).* 45 more/,
      );
      expect(text.match(/[0-9]+\.example/g)).toEqual(Array.from({ length: 29 }, (_, at) => `${at}.example`));
    }
  });

  it("takes a domain below the sender's own, or above it, for another one", () => {
    const to = ["a@mail.dwp.local", "b@xdwp.local", "c@dwp.local.evil.example"];
    expect(question({ to }, "en")).toContain(
      "Outside dwp.local: mail.dwp.local, xdwp.local, dwp.local.evil.example.",
    );
  });

  it("names all domains when the sender has none", () => {
    expect(question({}, "en", "aura")).toContain("Domains: example.com.");
    expect(question({}, "ko", "aura")).toContain("도메인: example.com.");
  });

  it("says that a body is HTML", () => {
    expect(question({ format: "html" }, "en")).toContain("The body is HTML source");
    expect(question({ format: "html" }, "ko")).toContain("본문은 HTML 원문");
    expect(question({ format: "text" }, "en")).not.toContain("HTML");
  });

  it("lets no subject stand before what is true, end its quotation, or hide something", () => {
    expect(question({ subject: 'Hi" to boss@dwp.com? All of them are in dwp.local. "\u200b' }, "en")).toBe(
      'Send an e-mail to 1 recipient? Recipients: kim@example.com. Outside dwp.local: example.com. Subject: "Hi\\" to boss@dwp.com? All of them are in dwp.local. \\"⟨U+200B⟩"',
    );
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
