import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { sendEmail } from "../../tools/send-email.ts";

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

test("send_email fails when there is no server that speaks", async () => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  onTestFinished(() => void silent.close());
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
