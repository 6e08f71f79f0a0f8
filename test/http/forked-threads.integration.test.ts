import { describe, expect, test } from "vitest";
import { eventsOf, textOf } from "../helpers/sse-client.ts";
import type { Stack } from "../helpers/stack.ts";
import { type SavedThread, savedThread, TWO_MAILS } from "./saved-thread.ts";

describe.each(["embedded", "redis"] as const)("forks of saved threads, %s backend", (backend) => {
  let stack: Stack;
  let saved: SavedThread;
  const { beforeApprovals, get, mails, send, settle, streamed, thread } = savedThread(
    backend,
    (theStack, theThread) => {
      stack = theStack;
      saved = theThread;
    },
  );

  test("a fork before the approvals asks again, and other decisions are carried out", async () => {
    const { checkpointId } = await beforeApprovals();
    const before = [mails("One"), mails("Two")];
    const fork = await streamed(thread("/fork"), { checkpointId });
    await settle(fork, { One: "reject", Two: "approve" });
    const events = eventsOf(await fork.ended);
    const threadId = fork.response.headers.get("x-thread-id") ?? "";
    expect(threadId).not.toBe(saved.threadId);
    const asked = events.filter(({ type }) => type === "hitl").map(({ data }) => data.requestId);
    expect(asked).toHaveLength(2);
    const known = saved.approvals.map(({ data }) => data.requestId);
    expect(asked.filter((requestId) => known.includes(requestId))).toEqual([]);
    expect([mails("One"), mails("Two")]).toEqual([before[0], (before[1] ?? 0) + 1]);
    const { data } = await get(`/threads/${threadId}`);
    expect(data).toMatchObject({
      forkedFrom: { threadId: saved.threadId, checkpointId },
      status: "completed",
      runs: [{ prompt: TWO_MAILS }],
    });
    expect((await get(thread())).data.runs).toHaveLength(1);
  });

  test("a fork can go on with another prompt, or with another state", async () => {
    const { checkpointId } = await beforeApprovals();
    const other = await streamed(thread("/fork"), { checkpointId, prompt: "hello instead" });
    const frames = await other.ended;
    expect(textOf(frames)).toContain("hello instead");
    expect(eventsOf(frames).some(({ type }) => type === "hitl")).toBe(false);

    const { data } = await get(thread());
    const { id, toolCalls } = data.messages[1];
    const [call] = toolCalls;
    const args = { ...call.args, to: "park@example.com", subject: `Edited ${backend}` };
    const edits = { messages: [{ id, role: "assistant", content: "", toolCalls: [{ ...call, args }] }] };
    const edited = await streamed(thread("/fork"), { checkpointId, edits });
    await settle(edited, { [`Edited ${backend}`]: "approve" });
    await edited.ended;
    expect(stack.mailbox.mails()[0]).toMatchObject({
      subject: `Edited ${backend}`,
      to: ["park@example.com"],
    });
  });

  test("a fork where nothing is left to do needs a prompt", async () => {
    const { items } = (await get(thread("/history?limit=1"))).data;
    const answer = await send("POST", thread("/fork"), { checkpointId: items[0].checkpointId });
    expect([answer.status, ((await answer.json()) as any).errorCode]).toEqual([409, "E3002"]);
  });
});
