import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chat, decide, getJson, headersOf, type Stack, startStack } from "../helpers/stack.ts";

const mailTo = (subject: string) => `Send an email to kim@example.com with subject ${subject} saying hello`;

describe.each(["embedded", "redis"] as const)(
  "what Main Service says of a settled approval, %s",
  (backend) => {
    let stack: Stack;
    beforeAll(async () => {
      stack = await startStack({ backend, env: { AURA_RECONCILE_MS: "100" } });
    });
    afterAll(() => stack.close());

    const thread = (subject: string) => `settled-${backend}-${subject}`;
    const waitingRun = async (subject: string) => {
      const stream = await chat(stack, { prompt: mailTo(subject), threadId: thread(subject) });
      const hitl = await stream.event("hitl");
      return { stream, requestId: hitl.requestId as string, runId: stream.response.headers.get("x-run-id") };
    };
    const keyOf = (requestId: string) => `hitl:request:${requestId}`;
    const storedRequest = async (requestId: string) =>
      JSON.parse((await stack.get(keyOf(requestId))) ?? "null");
    const signal = (subject: string, requestId: string, status: "approved" | "rejected") =>
      stack.publish(
        `hitl:channel:${thread(subject)}`,
        JSON.stringify({ type: status === "approved" ? "approval" : "rejection", requestId, status }),
      );
    const mailsAbout = (subject: string) => stack.mailbox.mails().filter((mail) => mail.subject === subject);
    const answerOf = async (response: Response) => {
      const body = (await response.json()) as { success: boolean; data: Record<string, unknown> };
      const answer: Record<string, unknown> = { http: response.status, success: body.success, ...body.data };
      return answer;
    };
    const audited = async (subject: string) =>
      (await getJson(stack, `/api/aura/threads/${thread(subject)}/audit`)).data.items[0];
    const cancel = async (runId: string | null) =>
      fetch(`${stack.url}/api/aura/runs/${runId}/cancel`, {
        method: "POST",
        headers: await headersOf(),
        body: "{}",
      });

    test("a signal alone is written into hitl:request: a reject at Main Service is told that it was approved", async () => {
      const { stream, requestId } = await waitingRun("Bare");
      await signal("Bare", requestId, "approved");
      await stream.ended;
      expect(mailsAbout("Bare")).toHaveLength(1);
      expect(await answerOf(await decide(stack, requestId, "reject", "stop it"))).toEqual({
        http: 409,
        success: true,
        requestId,
        sessionId: thread("Bare"),
        status: "approved",
      });
      const request = await storedRequest(requestId);
      expect(request).toMatchObject({ status: "approved", settledBy: "aura", outcome: "approved" });
      expect(Object.keys(request).filter((name) => /By$/.test(name))).toEqual(["settledBy"]);
      expect(await audited("Bare")).toMatchObject({ status: "approved", outcome: { state: "completed" } });
      expect(await audited("Bare")).not.toHaveProperty("decidedBy");
    });

    test("a rejection by a signal alone is told with its outcome", async () => {
      const { stream, requestId } = await waitingRun("BareNo");
      await signal("BareNo", requestId, "rejected");
      await stream.ended;
      expect(await answerOf(await decide(stack, requestId, "approve"))).toMatchObject({
        http: 409,
        status: "rejected",
      });
      expect(mailsAbout("BareNo")).toEqual([]);
    });

    test("a late click on what was cancelled or superseded is told that nothing was done, and why", async () => {
      const cancelled = await waitingRun("Cancelled");
      await cancel(cancelled.runId);
      await cancelled.stream.ended;
      const superseded = await waitingRun("Superseded");
      const next = await chat(stack, { prompt: "hello", threadId: thread("Superseded") });
      await next.ended;
      for (const [outcome, requestId] of [
        ["cancelled", cancelled.requestId],
        ["superseded", superseded.requestId],
      ] as const) {
        const answer = await answerOf(await decide(stack, requestId, "approve"));
        expect(answer).toMatchObject({ http: 409, success: true, status: "rejected" });
        expect(answer.reason).toMatch(/[가-힣].*\(.*[a-z]/);
        expect(await storedRequest(requestId)).toMatchObject({ settledBy: "aura", outcome });
      }
      expect([...mailsAbout("Cancelled"), ...mailsAbout("Superseded")]).toEqual([]);
      expect(stack.logs.filter((line) => line.msg === "signal ignored")).toEqual([]);
    });

    test.each(["with its signal", "and its signal is lost"])(
      "Main Service, which has read before we wrote, approves after the end %s: what stands is said again",
      async (how) => {
        const subject = how.length === 15 ? "Race" : "LostRace";
        const { stream, requestId, runId } = await waitingRun(subject);
        const before = await storedRequest(requestId);
        await cancel(runId);
        await stream.ended;
        const approvedAt = Date.now();
        await stack.set(
          keyOf(requestId),
          JSON.stringify({ ...before, status: "approved", approvedBy: "boss", approvedAt }),
        );
        if (subject === "Race") await signal(subject, requestId, "approved");
        await expect
          .poll(() => storedRequest(requestId))
          .toMatchObject({
            status: "rejected",
            settledBy: "aura",
            outcome: "cancelled",
          });
        expect(Object.keys(await storedRequest(requestId))).not.toContain("approvedBy");
        expect(await audited(subject)).toMatchObject({
          status: "cancelled",
          lateDecision: { status: "approved", decidedBy: "boss", at: approvedAt },
          outcome: { state: "not_executed" },
        });
        expect(await answerOf(await decide(stack, requestId, "approve"))).toMatchObject({
          http: 409,
          status: "rejected",
        });
        expect(mailsAbout(subject)).toEqual([]);
      },
    );

    test("what the version before wrote is undecided for Main Service: its approval is taken back, and shown", async () => {
      const { stream, requestId, runId } = await waitingRun("Old");
      const before = await storedRequest(requestId);
      await cancel(runId);
      await stream.ended;
      await stack.set(keyOf(requestId), JSON.stringify({ ...before, status: "cancelled" }));
      expect((await decide(stack, requestId, "approve")).status).toBe(200);
      await expect
        .poll(() => storedRequest(requestId))
        .toMatchObject({ status: "rejected", outcome: "cancelled" });
      expect(await audited("Old")).toMatchObject({
        lateDecision: { status: "approved", decidedBy: "user123", at: expect.any(Number) },
      });
      expect(mailsAbout("Old")).toEqual([]);
    });
  },
);

describe.each(["embedded", "redis"] as const)("an approval that expires, %s", (backend) => {
  test("is rejected for a late click, which is told that it has expired", async () => {
    const stack = await startStack({ backend, env: { AURA_RECONCILE_MS: "100", AURA_APPROVAL_TTL: "5" } });
    try {
      const stream = await chat(stack, { prompt: mailTo("Expired"), threadId: "expired" });
      const { requestId } = await stream.event("hitl");
      // Somebody has kept it alive: with its own lifetime it is gone with the approval (404).
      await stack.set(`hitl:request:${requestId}`, (await stack.get(`hitl:request:${requestId}`)) ?? "");
      await stream.ended;
      const late = await decide(stack, requestId, "approve");
      expect(late.status).toBe(409);
      expect(await late.json()).toMatchObject({
        data: { status: "rejected", reason: expect.stringContaining("expired") },
      });
      expect(JSON.parse((await stack.get(`hitl:request:${requestId}`)) ?? "")).toMatchObject({
        outcome: "expired",
      });
      expect(stack.mailbox.mails()).toEqual([]);
    } finally {
      await stack.close();
    }
  });
});
