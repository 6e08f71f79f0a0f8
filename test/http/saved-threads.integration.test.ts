import { describe, expect, test } from "vitest";
import { textOf } from "../helpers/sse-client.ts";
import { chat, type Stack } from "../helpers/stack.ts";
import { recorded, type SavedThread, savedThread, TWO_MAILS } from "./saved-thread.ts";

describe.each(["embedded", "redis"] as const)("saved threads, %s backend", (backend) => {
  let stack: Stack;
  let saved: SavedThread;
  const { get, settle, streamed, thread } = savedThread(backend, (theStack, theThread) => {
    stack = theStack;
    saved = theThread;
  });

  test("the list has the owner's threads, newest first, page by page", async () => {
    for (const name of ["a", "b", "c"]) {
      await (await chat(stack, { prompt: `hello ${name}`, threadId: `list-${backend}-${name}` })).ended;
    }
    const seen: any[] = [];
    let cursor = "";
    do {
      const { data } = await get(`/threads?limit=2${cursor && `&cursor=${cursor}`}`);
      expect(data.items.length).toBeLessThanOrEqual(2);
      seen.push(...data.items);
      cursor = data.nextCursor ?? "";
    } while (cursor !== "");
    expect(new Set(seen.map(({ threadId }) => threadId)).size).toBe(seen.length);
    expect(seen.slice(0, 3).map(({ title }) => title)).toEqual(["hello c", "hello b", "hello a"]);
    expect(seen.map(({ updatedAt }) => updatedAt)).toEqual(
      seen.map(({ updatedAt }) => updatedAt).toSorted((a, b) => b - a),
    );
    expect(seen.find(({ threadId }) => threadId === saved.threadId)).toEqual({
      threadId: saved.threadId,
      title: `${TWO_MAILS.slice(0, 79)}…`,
      status: "completed",
      createdAt: expect.any(Number),
      updatedAt: expect.any(Number),
      pendingApprovals: 0,
    });
  });

  test("the list tells what waits, and finds by status", async () => {
    const stream = await chat(stack, { prompt: TWO_MAILS, threadId: `waiting-${backend}` });
    await stream.first(({ event, data }) => event === "hitl" && data?.includes('"Two"') === true);
    const { items } = (await get("/threads?status=waiting")).data;
    expect(items).toMatchObject([{ threadId: `waiting-${backend}`, status: "waiting", pendingApprovals: 2 }]);
    await settle(stream, { One: "reject", Two: "reject" });
    await stream.ended;
    expect((await get("/threads?status=waiting")).data.items).toEqual([]);
  });

  test("a thread shows its conversation, runs and plan", async () => {
    const { data } = await get(thread());
    expect(data).toMatchObject({ threadId: saved.threadId, status: "completed", pendingApprovals: [] });
    expect(data.messages.map(({ role }: any) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "tool",
      "assistant",
    ]);
    expect(data.messages[0].content).toBe(TWO_MAILS);
    expect(data.messages[1].toolCalls.map(({ args }: any) => args.subject)).toEqual(["One", "Two"]);
    expect(data.messages.at(-1).content).toBe(textOf(saved.frames));
    expect(data.runs).toMatchObject([{ runId: saved.runId, status: "completed", prompt: TWO_MAILS }]);
    expect(data.planSteps.map(({ status }: any) => status)).toEqual(["completed", "failed", "completed"]);
  });

  test("the history names what each checkpoint has changed", async () => {
    const { items } = (await get(thread("/history"))).data;
    expect(items[0]).toMatchObject({ next: [], source: "loop", runId: saved.runId, interrupts: [] });
    expect(items.at(-1)).toMatchObject({ source: "input", step: -1, parentId: null });
    for (const [at, { parentId }] of items.entries())
      expect(parentId).toBe(items[at + 1]?.checkpointId ?? null);
    const agent = items.find(({ next }: any) => next.includes("tools"));
    expect(agent.changed.map(({ key }: any) => key).sort()).toEqual([
      "answered",
      "messages",
      "turns",
      "written",
    ]);
    expect(agent.changed[0]).toEqual({ key: expect.any(String), bytes: expect.any(Number) });
    expect(agent.interrupts.map(({ value }: any) => value.context.subject).sort()).toEqual(["One", "Two"]);

    const first = (await get(thread("/history?limit=3&values=true"))).data;
    expect(
      first.items.flatMap(({ changed }: any) => changed).every(({ value }: any) => value !== undefined),
    ).toBe(true);
    const rest = (await get(thread(`/history?cursor=${first.nextCursor}`))).data;
    expect([...first.items, ...rest.items].map(({ checkpointId }: any) => checkpointId)).toEqual(
      items.map(({ checkpointId }: any) => checkpointId),
    );
  });

  test("the audit tells who decided what, and what came of it", async () => {
    const { items } = (await get(thread("/audit"))).data;
    const of = (subject: string) => items.find((item: any) => item.arguments.subject === subject);
    expect(of("One")).toMatchObject({
      tool: "send_email",
      status: "approved",
      decidedBy: "user123",
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      effectiveArguments: { to: "kim@example.com", subject: "One", body: "hello" },
      outcome: { state: "completed", result: { messageId: expect.stringContaining("@") } },
    });
    expect(of("Two")).toMatchObject({
      status: "rejected",
      reason: "not now",
      effectiveArguments: null,
      outcome: { state: "not_executed" },
    });
    expect(of("Two").decidedAt).toBeGreaterThanOrEqual(of("Two").proposedAt);
  });

  test("a run tells how long its nodes and tools took", async () => {
    const { data } = await get(`/runs/${saved.runId}`);
    expect(data).toMatchObject({ status: "completed", usage: null });
    expect(data.nodes.map(({ node }: any) => node)).toEqual(["plan", "agent", "tools", "agent", "finish"]);
    for (const { startedAt, endedAt, ms } of data.nodes) expect(endedAt - startedAt).toBe(ms);
    expect(data.tools.toSorted((a: any, b: any) => (a.status < b.status ? -1 : 1))).toMatchObject([
      { tool: "send_email", status: "completed", startedAt: expect.any(Number) },
      { tool: "send_email", status: "failed", startedAt: null, ms: null },
    ]);
    expect(data.waitedMs).toBeGreaterThan(0);
  });

  test("a replay repeats the stream byte for byte and does nothing", async () => {
    const before = stack.mailbox.mails().length;
    const whole = await (await streamed(thread("/replay"), { speed: 0 })).ended;
    expect(recorded(whole)).toEqual(recorded(saved.frames));
    expect(whole.filter(({ data }) => data === "[DONE]")).toHaveLength(1);
    const paced = await streamed(thread("/replay"), { speed: 100, runId: saved.runId });
    expect(paced.response.headers.get("x-run-id")).toBe(saved.runId);
    expect(recorded(await paced.ended)).toEqual(recorded(saved.frames));
    const from = recorded(saved.frames)[4]?.id ?? "";
    const rest = await (await streamed(thread("/replay"), { speed: 0, from })).ended;
    expect(recorded(rest)).toEqual(recorded(saved.frames).slice(5));
    const again = await (await streamed(thread("/replay"), { speed: 0 }, { "last-event-id": from })).ended;
    expect(recorded(again)).toEqual(recorded(saved.frames).slice(5));
    expect(stack.mailbox.mails()).toHaveLength(before);
  });

  test("a replay of a thread has all its runs and one end", async () => {
    const threadId = `runs-${backend}`;
    const first = await (await chat(stack, { prompt: "hello", threadId })).ended;
    const second = await (await chat(stack, { prompt: "hello again", threadId })).ended;
    const all = await (await streamed(`/threads/${threadId}/replay`, { speed: 0 })).ended;
    expect(recorded(all)).toEqual([...recorded(first), ...recorded(second)]);
    expect(all.filter(({ data }) => data === "[DONE]")).toHaveLength(1);
  });
});
