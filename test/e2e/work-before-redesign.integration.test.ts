import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signToken } from "../../devstack/jwt.ts";
import { eventually } from "../helpers/eventually.ts";
import { eventsOf, textOf } from "../helpers/sse-client.ts";
import { chat, decide, getJson, JWT_SECRET } from "../helpers/stack.ts";
import { ANSWER, lastWords, startOnRecords } from "./before-redesign.ts";

describe("what a Redis of before the redesign had left to do is done", () => {
  let before: Awaited<ReturnType<typeof startOnRecords>>;
  beforeAll(async () => {
    before = await startOnRecords();
  });
  afterAll(() => before.close());

  const mails = () =>
    before.stack.mailbox
      .mails()
      .map(({ subject, to, text }) => ({ subject, to, text: text.trim() }))
      .toSorted((a, b) => (a.subject < b.subject ? -1 : 1));

  test("a run whose process was killed goes on; its mail is not sent twice", async () => {
    const frames = await before.completes("before-killed");
    expect(lastWords(frames)).toMatchObject([{ outcome: "completed", parameters: { subject: "죽기 전" } }]);
    const said = eventsOf(frames).filter(({ type }) => type === "content");
    const textOfAttempt = (attempt?: number) =>
      said
        .filter(({ data }) => data.attempt === attempt)
        .map(({ data }) => data.content)
        .join("");
    expect([textOfAttempt(), textOfAttempt(2)]).toEqual(["메일을 보냈고 ", ANSWER]);
    expect(await before.lastRun("before-killed")).toMatchObject({ attempt: 2 });
    expect(await before.audit("before-killed")).toMatchObject([{ outcome: { state: "completed" } }]);
  });

  test("a mail in whose middle the process was killed is not sent again, and told as unknown", async () => {
    expect(lastWords(await before.completes("before-cut"))).toMatchObject([
      { status: "failed", outcome: "unknown" },
    ]);
    expect((await before.audit("before-cut"))[0].outcome.state).toMatch(/unknown/);
  });

  test.each(["before-decided", "before-unheard"])(
    "what had been approved is done, though nobody says it again: %s",
    async (threadId) => {
      expect(lastWords(await before.completes(threadId))).toMatchObject([{ outcome: "completed" }]);
      expect(await before.audit(threadId)).toMatchObject([
        { status: "approved", decidedBy: "user123", outcome: { state: "completed" } },
      ]);
    },
  );

  test("a prompt that no process had begun is answered, and its key still names its run", async () => {
    expect(textOf(await before.completes("before-queued"))).toBe(ANSWER);
    const { runId, prompt } = await before.lastRun("before-queued");
    const key = { "idempotency-key": "before-key" };
    const again = await chat(before.stack, { prompt, threadId: "before-queued" }, key);
    expect(again.response.headers.get("x-run-id")).toBe(runId);
    await again.ended;
    expect((await before.get("/threads/before-queued")).runs).toHaveLength(1);
  });

  test("a thread that waits is resumed by its approval", async () => {
    const { pendingApprovals } = await before.get("/threads/before-waiting");
    const stream = await before.follow("before-waiting");
    expect((await stream.event("hitl")).requestId).toBe(pendingApprovals[0].requestId);
    expect((await decide(before.stack, pendingApprovals[0].requestId, "approve")).status).toBe(200);
    expect(lastWords(await stream.ended)).toMatchObject([{ outcome: "completed" }]);
  });

  test("of two that wait the edited one is done as it was edited, and the one before the edit never", async () => {
    const { pendingApprovals } = await before.get("/threads/before-edited");
    const [edited, ...more] = pendingApprovals.filter(({ editOf }: any) => editOf !== undefined);
    const [plain] = pendingApprovals.filter(({ editOf }: any) => editOf === undefined);
    expect([pendingApprovals.length, more.length]).toEqual([2, 0]);
    const stream = await before.follow("before-edited");
    const late = await decide(before.stack, edited.editOf, "approve");
    expect(late.status).toBe(409);
    for (const { requestId } of [edited, plain]) {
      expect((await decide(before.stack, requestId, "approve")).status).toBe(200);
    }
    const words = lastWords(await stream.ended);
    expect(words.find(({ proposed }) => proposed !== undefined)).toMatchObject({
      parameters: { to: "choi@example.com", subject: "수정 1" },
      proposed: { to: "kim@example.com", subject: "수정 1" },
      outcome: "completed",
    });
    expect(await before.audit("before-edited")).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ status: "superseded", editedAs: edited.requestId }),
        expect.objectContaining({
          ...{ requestId: edited.requestId, status: "approved", editedBy: "user123" },
          proposedArguments: expect.objectContaining({ to: "kim@example.com" }),
        }),
      ]),
    );
  });

  test("the approvals of a fork are its own: one is given, one refused", async () => {
    const { threadId, forkedFrom, pendingApprovals } = await before.threadWith("forkedFrom");
    expect(forkedFrom.threadId).toBe("before-mails");
    const stream = await before.follow(threadId);
    for (const { requestId, context } of pendingApprovals) {
      await decide(
        before.stack,
        requestId,
        context.subject === "회의 2" ? "approve" : "reject",
        "이미 보냈습니다",
      );
    }
    const words = lastWords(await stream.ended).map(({ parameters, outcome }) => [
      parameters.subject,
      outcome,
    ]);
    expect(words.toSorted()).toEqual([
      ["회의 1", "not_executed"],
      ["회의 2", "completed"],
    ]);
  });

  test("what Main Service had not been told is told", async () => {
    await eventually(async () => {
      const path = "/api/main/agent/tasks?userId=user123&tenantId=1&size=100";
      const { content } = (await getJson(before.stack, path)).data;
      const ended = content
        .filter(({ status }: any) => status === "COMPLETED")
        .map(({ resultData }: any) => JSON.parse(resultData).threadId);
      expect(ended).toEqual(expect.arrayContaining(["before-untold", "before-killed", "before-cut"]));
    });
  });

  test("events that waited for an index are found, and are known when they come again", async () => {
    await eventually(async () => {
      const frames = await (await chat(before.stack, { prompt: "무슨 일이 있었어?", threadId: "asks" }))
        .ended;
      const [told] = lastWords(frames);
      expect(JSON.stringify(told?.result)).toMatch(/분기 보고서.*연차 신청|연차 신청.*분기 보고서/s);
    });
    const about = { user: "mail-service", tenant: "1", email: "mail@dwp.com", role: "service" };
    const token = await signToken(JWT_SECRET, about, 3600);
    const event = {
      ...{ eventId: "event-before-1", timestamp: "2026-11-20T12:00:00", userId: "user123", tenantId: "1" },
      ...{ eventType: "MailReceivedEvent", mailId: "mail-before", sender: "park@example.com" },
      ...{ subject: "분기 보고서", body: "숫자를 확인해 주세요." },
    };
    const headers = {
      ...{ authorization: `Bearer ${token}`, "x-user-id": "mail-service", "x-dwp-source": "INTERNAL" },
    };
    const { data } = (await (await before.post("/events", event, headers)).json()) as any;
    expect(data).toEqual({ accepted: 0, duplicates: 1, refused: [] });
  });

  test("exactly what was approved is sent", async () => {
    expect(mails()).toEqual([
      { subject: "before-decided", to: ["kim@example.com"], text: "안녕하세요." },
      { subject: "before-unheard", to: ["kim@example.com"], text: "안녕하세요." },
      { subject: "before-waiting", to: ["kim@example.com"], text: "안녕하세요." },
      { subject: "수정 1", to: ["choi@example.com"], text: "최 대리님, 네 시로 바뀌었습니다." },
      {
        ...{ subject: "수정 2", to: ["lee@example.com", "park@example.com"] },
        text: "이 과장님,\n자료를 준비해 주세요.",
      },
      {
        ...{ subject: "회의 2", to: ["lee@example.com", "park@example.com"] },
        text: "이 과장님,\n자료를 준비해 주세요.",
      },
    ]);
    expect((await before.get("/approvals")).items).toEqual([]);
  });

  test.each(["before-killed", "before-cut", "before-edited"])("the conversation goes on: %s", (threadId) =>
    before.answers(threadId),
  );
});
