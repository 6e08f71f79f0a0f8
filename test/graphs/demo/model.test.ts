import { describe, expect, it, onTestFinished } from "vitest";
import { createModel } from "../../../graphs/create-model.ts";
import { defaultTools } from "../../../tools/registry.ts";
import { startSmtp } from "../../helpers/smtp.ts";
import { harness, outline, textOf } from "../harness.ts";

const ENGLISH = "Send an email to kim@example.com with subject Hi saying hello there";
const KOREAN = "kim@example.com 에게 제목 회의 내용 내일 3시 회의입니다 라고 메일 보내줘";

async function demo({ smtpUrl }: { smtpUrl?: string } = {}) {
  return harness([], {
    model: createModel({ model: "demo" }),
    tools: defaultTools({ mail: { smtpUrl, from: "aura@dwp.local" } }),
  });
}

async function mailbox() {
  const server = await startSmtp();
  onTestFinished(() => server.close());
  return server;
}

describe("the demo model", () => {
  it.each([
    ["hello", /offline demo model/],
    ["안녕하세요", /오프라인 데모 모델/],
  ])("answers %s in its language, in several deltas, and says what it is", async (prompt, text) => {
    const { run, reports } = await demo();
    const events = await run(prompt);
    expect(textOf(events)).toMatch(text);
    expect(events.filter(({ type }) => type === "content").length).toBeGreaterThan(3);
    expect(reports).toEqual([]);
  });

  it("takes the run's language when the prompt has none", async () => {
    const { run } = await demo();
    expect(textOf(await run("?", { language: "ko" }))).toContain("오프라인 데모 모델");
    expect(textOf(await run("?", { language: "en" }))).toContain("offline demo model");
  });

  it.each([
    [
      ENGLISH,
      /^With your changes: The mail to lee@example\.com was sent\. Message-ID/,
      /^With your changes: No mail was sent: the approval was rejected\. Reason: later/,
      /^No mail was sent: you answered in its place\. Answer: done by hand/,
    ],
    [
      KOREAN,
      /^수정하신 내용에 대한 결과입니다\. lee@example\.com 주소로 메일을 보냈습니다/,
      /^수정하신 내용에 대한 결과입니다\. 승인이 거절되어 메일을 보내지 않았습니다\. 사유: later/,
      /^직접 답해 주셔서 메일을 보내지 않았습니다\. 답변: done by hand/,
    ],
  ])(
    "says what became of a call that a person has changed or answered: %s",
    async (prompt, sent, no, text) => {
      const smtp = await mailbox();
      const answer = async (decide: (args: object) => unknown) => {
        const { run, resume, interrupts } = await demo({ smtpUrl: smtp.url });
        await run(prompt);
        const [open] = await interrupts();
        const changed = { ...open!.value.context, to: "lee@example.com" };
        return textOf(await resume({ [open!.id]: decide(changed) }));
      };
      const editOf = (args: object) => [{ type: "edit", args: { action: "send_email", args } }];
      expect(await answer(editOf)).toMatch(sent);
      expect(smtp.mails.map(({ recipients }) => recipients)).toEqual([["lee@example.com"]]);
      expect(await answer((args) => ({ status: "rejected", reason: "later", args }))).toMatch(no);
      expect(await answer(() => [{ type: "response", args: "done by hand" }])).toMatch(text);
      expect(smtp.mails).toHaveLength(1);
    },
  );

  it.each([
    [ENGLISH, "Hi", "hello there", /The mail to kim@example\.com was sent\. Message-ID: `<.+@dwp\.local>`/],
    [
      KOREAN,
      "회의",
      "내일 3시 회의입니다",
      /kim@example\.com 주소로 메일을 보냈습니다\. Message-ID: `<.+@dwp\.local>`/,
    ],
  ])("sends the mail once it is approved: %s", async (prompt, subject, body, answer) => {
    const smtp = await mailbox();
    const { run, resume, interrupts } = await demo({ smtpUrl: smtp.url });
    const before = await run(prompt);
    expect(outline(before)).toEqual(["step-1 pending", "step-2 pending"]);
    const [interrupt] = await interrupts();
    expect(interrupt?.value.context).toEqual({ to: "kim@example.com", subject, body });
    expect(smtp.mails).toHaveLength(0);
    const events = await resume({ [interrupt!.id]: { status: "approved" } });
    expect(textOf(events)).toMatch(answer);
    expect(outline(events).filter((line) => line.startsWith("step"))).toEqual([
      "step-1 in_progress",
      "step-1 completed",
      "step-2 in_progress",
      "step-2 completed",
    ]);
    expect(smtp.mails).toHaveLength(1);
    expect(smtp.mails[0]?.mail).toMatchObject({ subject });
  });

  it.each([
    [ENGLISH, "rejected", "No mail was sent: the approval was rejected. Reason: 나중에"],
    [ENGLISH, "expired", "No mail was sent: nobody approved it in time."],
    [ENGLISH, "superseded", "No mail was sent: a newer request took its place."],
    [KOREAN, "rejected", "승인이 거절되어 메일을 보내지 않았습니다. 사유: 나중에"],
    [KOREAN, "cancelled", "취소되어 메일을 보내지 않았습니다."],
  ])("says honestly that no mail was sent: %s, %s", async (prompt, status, answer) => {
    const smtp = await mailbox();
    const { run, resume, interrupts } = await demo({ smtpUrl: smtp.url });
    await run(prompt);
    const [interrupt] = await interrupts();
    const events = await resume({ [interrupt!.id]: { status, reason: "나중에" } });
    expect(textOf(events)).toContain(answer);
    expect(smtp.mails).toHaveLength(0);
  });

  it("asks for several mails one by one and reports each", async () => {
    const smtp = await mailbox();
    const { run, resume, interrupts } = await demo({ smtpUrl: smtp.url });
    await run("send a mail to a@x.com and another to b@x.com, and tell me the time in Seoul");
    const [first, second] = await interrupts();
    await resume({ [second!.id]: { status: "approved" } });
    const events = await resume({ [first!.id]: { status: "rejected" } });
    expect(smtp.mails.map(({ recipients }) => recipients)).toEqual([["b@x.com"]]);
    const lines = textOf(events).split("\n");
    expect(lines[0]).toBe("- No mail was sent: the approval was rejected.");
    expect(lines[1]).toMatch(/^- The mail to b@x\.com was sent/);
    expect(lines[2]).toMatch(/^- It is \d{4}-.*\+09:00 in Asia\/Seoul\.$/);
  });

  it("tells the time without asking anybody", async () => {
    const { run } = await demo();
    expect(textOf(await run("지금 몇 시야"))).toMatch(/현재 시각은 .*\+09:00 \(Asia\/Seoul\) 입니다/);
    expect(textOf(await run("what time is it in Mars/Olympus"))).toMatch(
      /current_time failed: .*Mars\/Olympus/,
    );
  });

  it("reports a failure, and one whose outcome is unknown", async () => {
    const { run, resume, interrupts } = await demo();
    await run(ENGLISH);
    const [interrupt] = await interrupts();
    const events = await resume({ [interrupt!.id]: { status: "approved" } });
    expect(textOf(events)).toContain("send_email failed: No mail server is configured");

    const dropping = await startSmtp({ dropAfterData: true });
    onTestFinished(() => dropping.close());
    const other = await demo({ smtpUrl: dropping.url });
    await other.run(KOREAN, { language: "ko" });
    const [open] = await other.interrupts();
    const told = textOf(await other.resume({ [open!.id]: { status: "approved" } }));
    expect(told).toContain("결과를 알 수 없습니다");
  });

  it("reports the recipients that the server refused", async () => {
    const smtp = await startSmtp({ refuse: ["b@x.com"] });
    onTestFinished(() => smtp.close());
    const { run, resume, interrupts } = await demo({ smtpUrl: smtp.url });
    await run("Send an email to a@x.com and b@x.com with subject Hi saying hello");
    const [interrupt] = await interrupts();
    const events = await resume({ [interrupt!.id]: { status: "approved" } });
    expect(textOf(events)).toContain("The mail to a@x.com was sent");
    expect(textOf(events)).toContain("The mail server refused b@x.com");
  });

  it("calls only tools that it was given", async () => {
    const { run, interrupts } = await harness([], { model: createModel({ model: "demo" }), tools: [] });
    const events = await run(ENGLISH);
    expect(await interrupts()).toEqual([]);
    expect(textOf(events)).toContain("the tool send_email is not available");
  });

  it("goes on in the same thread after a rejection", async () => {
    const smtp = await mailbox();
    const { run, resume, interrupts } = await demo({ smtpUrl: smtp.url });
    await run(ENGLISH);
    const [first] = await interrupts();
    await resume({ [first!.id]: { status: "rejected" } });
    await run(ENGLISH);
    const [second] = await interrupts();
    expect(second?.value.toolCallId).not.toBe(first!.value.toolCallId);
    expect(textOf(await resume({ [second!.id]: { status: "approved" } }))).toContain("was sent");
    expect(smtp.mails).toHaveLength(1);
  });

  it("answers a plain invoke as well", async () => {
    expect((await createModel({ model: "demo" }).invoke("hello")).text).toContain("offline demo model");
  });
});
