import { describe, expect, test } from "vitest";
import { planReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf, openStream } from "../helpers/sse-client.ts";
import { chat, decide, getJson, headersOf, type Person, type Stack, startStack } from "../helpers/stack.ts";
import { recorded, renamed, type SavedThread, savedThread, TWO_MAILS } from "./saved-thread.ts";

describe.each(["embedded", "redis"] as const)("documents of threads, %s backend", (backend) => {
  let stack: Stack;
  let saved: SavedThread;
  const { get, send, streamed, thread, twoMails } = savedThread(backend, (theStack, theThread) => {
    stack = theStack;
    saved = theThread;
  });

  test("a thread is exported, deleted, imported and replayed again", async () => {
    const moved = await twoMails(`moved-${backend}`);
    const path = `/threads/${moved.threadId}`;
    const audit = (await get(`${path}/audit`)).data;
    const history = (await get(`${path}/history`)).data.items.map(({ interrupts: _, ...rest }: any) => rest);
    const document = (await get(`${path}/export`)).data;

    expect((await send("DELETE", path)).status).toBe(200);
    for (const gone of [path, `${path}/history`, `${path}/export`, `/runs/${moved.runId}`]) {
      expect((await get(gone)).errorCode).toBe("E1004");
    }
    expect((await send("DELETE", path)).status).toBe(404);
    if (stack.redis) expect(await keysOf(moved)).toEqual([]);

    const imported = await send("POST", "/threads/import", document);
    const { threadId } = ((await imported.json()) as any).data;
    const replayed = await (await streamed(`/threads/${threadId}/replay`, { speed: 0 })).ended;
    expect(recorded(replayed)).toEqual(recorded(moved.frames));
    const marked = audit.items.map((item: any) => ({ ...item, imported: true }));
    expect((await get(`/threads/${threadId}/audit`)).data.items).toEqual(marked);
    expect(
      (await get(`/threads/${threadId}/history`)).data.items.map(({ interrupts: _, ...rest }: any) => rest),
    ).toEqual(history);
    expect((await get(`/threads/${threadId}/export`)).data.state).toEqual(document.state);

    const again = await send("POST", "/threads/import", document);
    expect([again.status, ((await again.json()) as any).errorCode]).toEqual([409, "E3001"]);
    const goesOn = await (await chat(stack, { prompt: "hello", threadId })).ended;
    expect(goesOn.at(-1)?.data).toBe("[DONE]");
  });

  test("an import that meets an existing run or approval says which", async () => {
    const document = (await get(thread("/export"))).data;
    const { threadId, runId, approvals } = saved;
    const refused = async (body: unknown, person?: Person) => {
      const answer = await send("POST", "/threads/import", body, person);
      expect(answer.status).toBe(409);
      return (await answer.json()) as any;
    };
    const mine = await refused(document);
    expect(mine).toMatchObject({ errorCode: "E3001", data: { runId, threadId } });
    expect(mine.message).toContain(`runId: ${runId}, threadId: ${threadId}`);

    // Another run, the same approvals.
    const requestId: string = approvals[0]?.data.requestId;
    const otherRun = await refused(renamed(document, "run"));
    expect(otherRun.data).toMatchObject({ threadId });
    expect(approvals.map(({ data }) => data.requestId)).toContain(otherRun.data.requestId);
    const [first] = document.approvals;
    const one = await refused(renamed({ ...document, approvals: [{ ...first, requestId }] }, "run"));
    expect(one.data).toEqual({ requestId, threadId });
    expect(one.message).toContain(`requestId: ${requestId}`);

    // Somebody else learns no more than what their own document says.
    const theirs = await refused(document, { tenant: "1", user: "somebody" });
    expect(theirs.data).toEqual({ runId });
    expect(JSON.stringify(theirs)).not.toContain(threadId);
  });

  /** What Redis still holds of a thread, by name. */
  async function keysOf({ threadId, runId, approvals }: SavedThread): Promise<string[]> {
    const client = stack.redis?.client();
    const keys = (await client?.keys("*")) ?? [];
    client?.disconnect();
    const ids = [threadId, runId, ...approvals.map(({ data }) => data.requestId)];
    // hitl:* belongs to Main Service too, and lives for minutes.
    return keys.filter((key) => !key.startsWith("hitl:") && ids.some((id) => key.endsWith(id)));
  }

  test("an exported approval that waits does not travel", async () => {
    const threadId = `pending-${backend}`;
    const before = stack.mailbox.mails().length;
    const stream = await chat(stack, { prompt: TWO_MAILS, threadId });
    await stream.first(({ event, data }) => event === "hitl" && data?.includes('"Two"') === true);
    const document = (await get(`/threads/${threadId}/export`)).data;
    const watching = await openStream(`${stack.url}/api/aura/threads/${threadId}/stream`, {
      headers: await headersOf(),
    });
    await watching.event("hitl");
    expect((await send("DELETE", `/threads/${threadId}`)).status).toBe(200);
    // Who follows it is told, and nobody may approve it any more.
    expect(eventsOf(await stream.ended).at(-1)).toMatchObject({
      type: "error",
      data: { errorCode: "E3002" },
    });
    await expect(watching.ended).rejects.toThrow();
    const { requestId } = await stream.event("hitl");
    expect((await decide(stack, requestId, "approve")).status).toBe(404);
    for (const key of [`hitl:request:${requestId}`, `hitl:session:${threadId}`]) {
      expect(await stack.get(key)).toBeNull();
    }

    const { threadId: importedId } = ((await (await send("POST", "/threads/import", document)).json()) as any)
      .data;
    const events = eventsOf(
      await openStream(`${stack.url}/api/aura/threads/${importedId}/stream`, {
        headers: await headersOf(),
      }).then(async (followed) => {
        await followed.event("error");
        followed.close();
        return followed.frames;
      }),
    );
    expect(events.at(-1)?.data).toMatchObject({ errorCode: "E3002" });
    expect((await get("/approvals")).data.items).toEqual([]);
    expect((await get(`/threads/${importedId}/audit`)).data.items).toMatchObject([
      { status: "cancelled" },
      { status: "cancelled" },
    ]);
    expect(stack.mailbox.mails()).toHaveLength(before);
  });

  test("what a file says of decisions is shown as what a file says, and stays so when it moves on", async () => {
    const document = renamed((await get(thread("/export"))).data);
    document.approvals = document.approvals.map((approval: any) => ({
      ...approval,
      status: "approved",
      decidedBy: "ceo",
      imported: false,
    }));
    const forged = ((await (await send("POST", "/threads/import", document)).json()) as any).data.threadId;
    const { items } = (await get(`/threads/${forged}/audit`)).data;
    expect(items).toMatchObject([
      { decidedBy: "ceo", imported: true },
      { decidedBy: "ceo", imported: true },
    ]);
    expect((await get(`/threads/${forged}`)).data.importedAt).toBeGreaterThan(1_700_000_000_000);
    // Taken along into the next environment.
    const { approvals } = (await get(`/threads/${forged}/export`)).data;
    expect(approvals.map(({ imported }: any) => imported)).toEqual([true, true]);
    // What was decided here is not marked.
    expect((await get(thread("/audit"))).data.items[0]).not.toHaveProperty("imported");
    expect((await get(thread())).data).not.toHaveProperty("importedAt");
    expect((await send("DELETE", `/threads/${forged}`)).status).toBe(200);
  });

  test("a file whose times no calendar has is refused", async () => {
    const document = renamed((await get(thread("/export"))).data);
    const [run] = document.runs;
    const late = { updatedAt: 1e308 };
    for (const wrong of [
      { ...document, exportedAt: 1e308 },
      { ...document, thread: { ...document.thread, createdAt: -1 } },
      { ...document, runs: [{ ...run, run: { ...run.run, ...late } }] },
      { ...document, runs: [{ ...run, events: run.events.map((each: any) => ({ ...each, at: 9e15 })) }] },
      { ...document, approvals: document.approvals.map((each: any) => ({ ...each, decidedAt: 1e308 })) },
    ]) {
      expect((await send("POST", "/threads/import", wrong)).status).toBe(400);
    }
  });

  // In embedded mode a deletion cannot be cut off: it ends with the process.
  if (backend === "redis") {
    test("a deletion that was cut off is finished by whoever finds it", async () => {
      const threadId = `cut-${backend}`;
      const stream = await chat(stack, { prompt: "hello", threadId });
      await stream.ended;
      const watching = await openStream(`${stack.url}/api/aura/threads/${threadId}/stream`, {
        headers: await headersOf(),
      });
      await watching.event("content");
      const client = stack.redis!.client();
      await client.hset(`aura:thread:${threadId}`, "deletedAt", Date.now());
      await client.zadd("aura:due", 1, stream.response.headers.get("x-run-id") ?? "");
      expect((await get(`/threads/${threadId}`)).errorCode).toBe("E1004");
      expect((await send("POST", "/test/stream", { prompt: "hello", threadId })).status).toBe(409);
      // The stream breaks when the thread is gone.
      await expect(watching.ended).rejects.toThrow();
      expect(await client.exists(`aura:thread:${threadId}`, `langgraph:thread:${threadId}`)).toBe(0);
      client.disconnect();
    });
  }
});

test("[R5.5] a thread that executes can be neither exported nor deleted", async () => {
  const model = await startOpenAiStub([
    planReply({ title: "Answer" }),
    { reply: { stall: "body", text: ["Well, "] } },
  ]);
  const env = { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: "key" };
  const stack = await startStack({ backend: "embedded", env, aura: { drainMs: 0 } });
  const stream = await chat(stack, { prompt: "hello", threadId: "busy" });
  await stream.event("content");
  const { "content-type": _, ...headers } = await headersOf();
  const path = `${stack.url}/api/aura/threads/busy`;
  for (const answer of [
    await fetch(`${path}/export`, { headers }),
    await fetch(path, { method: "DELETE", headers }),
  ]) {
    expect([answer.status, ((await answer.json()) as any).errorCode]).toEqual([409, "E3001"]);
  }
  expect((await getJson(stack, "/api/aura/threads/busy")).data.status).toBe("running");
  stream.close();
  await stack.close();
  await model.close();
});
