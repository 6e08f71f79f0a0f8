import { once } from "node:events";
import { createServer } from "node:net";
import { createTransport } from "nodemailer";
import { afterEach, expect, test } from "vitest";
import { createMailbox, type Mail, type Mailbox, type MailboxOptions } from "../../devstack/mailbox.ts";

const opened: Mailbox[] = [];

afterEach(async () => {
  for (const mailbox of opened.splice(0)) await mailbox.close();
});

async function mailbox(options: Partial<MailboxOptions> = {}): Promise<Mailbox> {
  const box = await createMailbox({ port: 0, ...options });
  opened.push(box);
  return box;
}

test("keeps what it receives, newest first", async () => {
  const heard: Mail[] = [];
  const box = await mailbox({ onMail: (mail) => heard.push(mail) });
  const transport = createTransport(box.url);
  await transport.sendMail({
    messageId: "<one@aura>",
    from: "Aura <aura@dwp.local>",
    to: ["kim@example.com", "lee@example.com"],
    cc: "park@example.com",
    bcc: "hidden@example.com",
    subject: "회의 안내",
    text: "내일 10시\n두 번째 줄",
  });
  await transport.sendMail({ from: "a@x.test", to: "b@x.test", subject: "two", html: "<b>bold</b>" });
  expect(box.mails()).toEqual([
    expect.objectContaining({ subject: "two", html: expect.stringContaining("<b>bold</b>") }),
    {
      messageId: "<one@aura>",
      from: "aura@dwp.local",
      to: ["kim@example.com", "lee@example.com"],
      cc: ["park@example.com"],
      subject: "회의 안내",
      text: "내일 10시\n두 번째 줄",
      recipients: ["kim@example.com", "lee@example.com", "park@example.com", "hidden@example.com"],
      receivedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    },
  ]);
  expect(heard.map(({ subject }) => subject)).toEqual(["회의 안내", "two"]);
});

test("accepts any login, and keeps the last ones only", async () => {
  const box = await mailbox({ capacity: 2 });
  const url = new URL(box.url);
  url.username = "anyone";
  url.password = "anything";
  const transport = createTransport(url.href);
  for (const subject of ["1", "2", "3"])
    await transport.sendMail({ from: "a@x.test", to: "b@x.test", subject });
  expect(box.mails().map(({ subject }) => subject)).toEqual(["3", "2"]);
});

test("refuses a mail over the limit", async () => {
  const box = await mailbox({ maxBytes: 20_000 });
  const transport = createTransport(box.url);
  const mail = { from: "a@x.test", to: "b@x.test", subject: "s", text: "word ".repeat(10_000) };
  await expect(transport.sendMail(mail)).rejects.toMatchObject({ responseCode: 552 });
  expect(box.mails()).toEqual([]);
});

test("a taken port rejects with EADDRINUSE", async () => {
  const box = await mailbox();
  await expect(createMailbox({ port: box.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("close ends idle connections and frees the port", async () => {
  const box = await createMailbox({ port: 0 });
  const transport = createTransport({ host: "127.0.0.1", port: box.port, pool: true });
  await transport.sendMail({ from: "a@x.test", to: "b@x.test", subject: "s", text: "t" });
  await box.close();
  transport.close();
  const again = createServer().listen(box.port, "127.0.0.1");
  await once(again, "listening");
  await new Promise((resolve) => again.close(resolve));
});
