import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventsOf, textOf } from "../helpers/sse-client.ts";
import { getJson, headersOf, startStack } from "../helpers/stack.ts";
import { ANSWER, startOnRecords } from "./before-redesign.ts";

const FINISHED = {
  "before-mails": "completed",
  "before-rejected": "completed",
  "before-superseded": "completed",
  "before-expired": "completed",
  "before-untold": "completed",
  "before-failed": "failed",
  "before-cancelled": "cancelled",
};

describe("what a Redis of before the redesign holds is shown, and goes on", () => {
  let before: Awaited<ReturnType<typeof startOnRecords>>;
  beforeAll(async () => {
    before = await startOnRecords();
  });
  afterAll(() => before.close());

  test("every thread is listed, with how its last run stands", async () => {
    const { items } = await before.get("/threads?limit=100");
    const statuses = Object.fromEntries(items.map(({ threadId, status }: any) => [threadId, status]));
    expect(statuses).toMatchObject(FINISHED);
    expect(Object.keys(statuses)).toHaveLength(16);
  });

  test("a finished thread is shown: its conversation, runs, audit, history and every event", async () => {
    const thread = await before.get("/threads/before-mails");
    expect(thread.messages.map(({ role }: any) => role)).toEqual([
      ...["user", "assistant", "tool", "tool", "assistant", "tool", "assistant"],
      ...["user", "assistant"],
    ]);
    expect(thread.messages[1].toolCalls.map(({ args }: any) => args)).toEqual([
      { to: "kim@example.com", subject: "회의 1", body: "김 부장님, 회의는 세 시입니다. 🙂" },
      {
        to: ["lee@example.com", "park@example.com"],
        subject: "회의 2",
        body: "이 과장님,\n자료를 준비해 주세요.",
      },
    ]);
    expect(thread.messages[5].content).toContain("Asia/Seoul");
    expect(thread.planSteps.length).toBeGreaterThan(0);
    expect(
      (await before.audit("before-mails")).map(({ status, outcome }: any) => [status, outcome.state]),
    ).toEqual([
      ["approved", "completed"],
      ["approved", "completed"],
    ]);
    const { items } = await before.get("/threads/before-mails/history?values=true&limit=200");
    expect(items.flatMap(({ changed }: any) => changed).some(({ key }: any) => key === "context")).toBe(true);

    const [first] = thread.runs;
    const report = await before.get(`/runs/${first.runId}`);
    expect(report.tools.map(({ tool, outcome }: any) => [tool, outcome])).toEqual([
      ["send_email", "completed"],
      ["send_email", "completed"],
      ["current_time", "completed"],
    ]);
    const replayed = await (
      await before.streamed("/threads/before-mails/replay", { runId: first.runId, speed: 0 })
    ).ended;
    const events = eventsOf(replayed);
    expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => `${first.runId}:${at + 1}`));
    expect(new Set(events.map(({ type }) => type))).toEqual(
      new Set(["thought", "plan_step", "hitl", "tool_execution", "content"]),
    );
    expect(textOf(replayed)).toContain("두 통을 처리했습니다.");
    expect(JSON.stringify(eventsOf(replayed))).toContain("두 사람에게 ");
  });

  test.each([
    ["before-rejected", "rejected", "받는 사람이 틀렸습니다"],
    ["before-superseded", "superseded", undefined],
    ["before-expired", "expired", undefined],
    ["before-cancelled", "cancelled", undefined],
  ])("what came of an approval is known: %s", async (threadId, status, reason) => {
    expect(await before.audit(threadId)).toMatchObject([
      { status, effectiveArguments: null, outcome: { state: "not_executed" }, ...(reason && { reason }) },
    ]);
  });

  test("the error of a failed run is told, and nothing after it", async () => {
    expect(await before.lastRun("before-failed")).toMatchObject({
      status: "failed",
      error: { errorCode: "E5000" },
    });
    const stream = await before.follow("before-failed");
    const last = (await stream.ended).at(-1);
    expect(last?.event).toBe("error");
    expect(JSON.parse(last?.data ?? "").data).toMatchObject({ errorCode: "E5000" });
  });

  test("an imported thread says so of its approvals, and what waited there is void", async () => {
    const { threadId, status } = await before.threadWith("importedAt");
    expect(status).toBe("cancelled");
    expect(await before.audit(threadId)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ status: "approved", imported: true }),
        expect.objectContaining({ status: "cancelled", imported: true }),
      ]),
    );
    await before.answers(threadId);
  });

  test.each(Object.keys(FINISHED))("the conversation goes on: %s", (threadId) => before.answers(threadId));

  test("a checkpoint is forked, a thread is exported and imported elsewhere, and deleted", async () => {
    const { items } = await before.get("/threads/before-mails/history?limit=200");
    const { checkpointId } = items.findLast(({ next }: any) => next.includes("tools"));
    const fork = await before.streamed("/threads/before-mails/fork", {
      checkpointId,
      prompt: "다르게 해 줘",
    });
    expect(textOf(await fork.ended)).toBe(ANSWER);

    const document = await before.get("/threads/before-mails/export");
    const elsewhere = await startStack({ backend: "embedded" });
    try {
      const imported = await fetch(`${elsewhere.url}/api/aura/threads/import`, {
        method: "POST",
        headers: await headersOf(),
        body: JSON.stringify(document),
      });
      const { data } = (await imported.json()) as any;
      const there = await getJson(elsewhere, `/api/aura/threads/${data.threadId}`);
      expect(there.data.messages).toEqual((await before.get("/threads/before-mails")).messages);
    } finally {
      await elsewhere.close();
    }
    expect((await before.post("/threads/import", document)).status).toBe(409);

    const { "content-type": _, ...headers } = await headersOf();
    const path = `${before.stack.url}/api/aura/threads/before-mails`;
    expect((await fetch(path, { method: "DELETE", headers })).status).toBe(200);
    expect((await fetch(path, { headers })).status).toBe(404);
    expect(await before.stack.redis?.client().keys("*:before-mails")).toEqual([]);
  });
});
