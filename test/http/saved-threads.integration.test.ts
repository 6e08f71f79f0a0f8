import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf, type Frame, openStream, type SseStream, textOf } from "../helpers/sse-client.ts";
import { chat, decide, getJson, headersOf, type Person, type Stack, startStack } from "../helpers/stack.ts";

const TWO_MAILS =
  "Send an email to kim@example.com with subject One saying hello, and then send another email to lee@example.com with subject Two saying bye";

/** The event frames word for word: what a replay must repeat. */
const recorded = (frames: readonly Frame[]) => frames.filter(({ event }) => event !== undefined);

describe.each(["embedded", "redis"] as const)("saved threads, %s backend", (backend) => {
  let stack: Stack;
  /** A thread with two approvals, one approved and one rejected. */
  let saved: { threadId: string; runId: string; frames: Frame[]; approvals: any[] };

  beforeAll(async () => {
    stack = await startStack({ backend, env: { AURA_RECONCILE_MS: "200" } });
    saved = await twoMails(`saved-${backend}`);
  });
  afterAll(() => stack.close());

  async function twoMails(threadId: string) {
    const stream = await chat(stack, { prompt: TWO_MAILS, threadId });
    await settle(stream, { One: "approve", Two: "reject" });
    const frames = await stream.ended;
    const approvals = eventsOf(frames).filter(({ type }) => type === "hitl");
    const runId = stream.response.headers.get("x-run-id") ?? "";
    return { threadId, runId, frames, approvals };
  }

  async function settle(stream: SseStream, decisions: Record<string, "approve" | "reject">) {
    for (const [subject, decision] of Object.entries(decisions)) {
      const { data = "" } = await stream.first(
        ({ event, data }) => event === "hitl" && JSON.parse(data ?? "").data.context.subject === subject,
      );
      const answer = await decide(stack, JSON.parse(data).data.requestId, decision, "not now");
      expect(answer.status).toBe(200);
    }
  }

  const get = async (path: string, person?: Person) => getJson(stack, `/api/aura${path}`, person);
  const send = async (method: string, path: string, body?: unknown, person?: Person) => {
    const { "content-type": json, ...headers } = await headersOf(person);
    return fetch(`${stack.url}/api/aura${path}`, {
      method,
      headers: body === undefined ? headers : { ...headers, "content-type": json ?? "" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  };
  const streamed = async (path: string, body: unknown, headers: Record<string, string> = {}) =>
    openStream(`${stack.url}/api/aura${path}`, {
      method: "POST",
      headers: { ...(await headersOf()), ...headers },
      body: JSON.stringify(body),
    });
  const mails = (subject: string) => stack.mailbox.mails().filter((mail) => mail.subject === subject).length;
  const thread = (path = "") => `/threads/${saved.threadId}${path}`;
  const beforeApprovals = async () => {
    const { items } = (await get(thread("/history"))).data;
    return items.find(({ next, interrupts }: any) => next.includes("tools") && interrupts.length > 0);
  };

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
  async function keysOf({ threadId, runId, approvals }: typeof saved): Promise<string[]> {
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

  const OTHERS: Person[] = [
    { user: "user456", tenant: "2" },
    { user: "admin", tenant: "1" },
  ];

  test("[R5.4] nobody else finds anything", async () => {
    const { checkpointId } = await beforeApprovals();
    for (const person of OTHERS) {
      for (const path of [
        thread(),
        thread("/history"),
        thread("/audit"),
        thread("/export"),
        `/runs/${saved.runId}`,
      ]) {
        expect((await get(path, person)).errorCode).toBe("E1004");
      }
      for (const [path, body] of [
        [thread("/replay"), { speed: 0 }],
        [thread("/fork"), { checkpointId }],
      ] as const) {
        expect((await send("POST", path, body, person)).status).toBe(404);
      }
      expect((await send("DELETE", thread(), undefined, person)).status).toBe(404);
      expect((await get("/threads", person)).data.items).toEqual([]);
    }
    expect((await get(thread())).data.status).toBe("completed");
  });

  test("[R5.2] bad input is refused, and nothing is executed or stored", async () => {
    const { checkpointId } = await beforeApprovals();
    const foreign = await (await chat(stack, { prompt: "hello", threadId: `foreign-${backend}` })).ended;
    const foreignRun = foreign.find(({ id }) => id)?.id?.split(":")[0] ?? "";
    const otherHistory = (await get(`/threads/foreign-${backend}/history`)).data.items;
    const document = (await get(thread("/export"))).data;
    const before = (await get("/threads?limit=100")).data.items.length;
    const cases: [method: string, path: string, body: unknown, status: number][] = [
      ["GET", "/threads?limit=0", undefined, 400],
      ["GET", "/threads?limit=101", undefined, 400],
      ["GET", "/threads?cursor=!!", undefined, 400],
      ["GET", "/threads?status=asleep", undefined, 400],
      ["GET", thread("/history?limit=x"), undefined, 400],
      ["GET", thread("/history?cursor=unknown"), undefined, 400],
      ["GET", "/threads/unknown", undefined, 404],
      ["POST", thread("/replay"), { speed: 101 }, 400],
      ["POST", thread("/replay"), { speed: 0.5 }, 400],
      ["POST", thread("/replay"), { speed: "fast" }, 400],
      ["POST", thread("/replay"), { from: "nonsense" }, 400],
      ["POST", thread("/replay"), { runId: foreignRun }, 404],
      ["POST", thread("/replay"), { from: `${foreignRun}:1` }, 404],
      ["POST", thread("/replay"), { from: `${saved.runId}:9999` }, 404],
      ["POST", thread("/fork"), {}, 400],
      ["POST", thread("/fork"), { checkpointId: "unknown" }, 404],
      ["POST", thread("/fork"), { checkpointId: otherHistory[0].checkpointId }, 404],
      ["POST", thread("/fork"), { checkpointId, prompt: "" }, 400],
      ["POST", thread("/fork"), { checkpointId, edits: { turns: 0 } }, 400],
      [
        "POST",
        thread("/fork"),
        { checkpointId, edits: { messages: [{ role: "system", content: "x" }] } },
        400,
      ],
      ["POST", "/threads/import", {}, 400],
      ["POST", "/threads/import", { ...document, version: 2 }, 400],
      ["POST", "/threads/import", { ...document, format: "other" }, 400],
      ["POST", "/threads/import", { ...document, runs: [] }, 400],

      ["POST", "/threads/import", { ...renamed(document), state: truncatedState(document.state) }, 400],
      ["POST", "/threads/import", { ...renamed(document), state: { ...document.state, messages: [] } }, 400],
    ];
    for (const [method, path, body, status] of cases) {
      const answer = await send(method, path, body);
      expect([method, path, JSON.stringify(body)?.slice(0, 80), answer.status]).toEqual([
        method,
        path,
        JSON.stringify(body)?.slice(0, 80),
        status,
      ]);
      expect(((await answer.json()) as any).errorCode).toBe(status === 404 ? "E1004" : "E4000");
    }
    const poisoned = JSON.stringify(renamed(document)).replace(
      '"context":{',
      '"context":{"__proto__":{"x":1},',
    );
    const refused = await fetch(`${stack.url}/api/aura/threads/import`, {
      method: "POST",
      headers: await headersOf(),
      body: poisoned,
    });
    expect(refused.status).toBe(400);
    expect((await get("/threads?limit=100")).data.items).toHaveLength(before);
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

  test("a fork where nothing is left to do needs a prompt", async () => {
    const { items } = (await get(thread("/history?limit=1"))).data;
    const answer = await send("POST", thread("/fork"), { checkpointId: items[0].checkpointId });
    expect([answer.status, ((await answer.json()) as any).errorCode]).toEqual([409, "E3002"]);
  });
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

/** The same document under run and request ids that are not here yet. */
function renamed(document: any, kinds = "run|req"): any {
  const text = JSON.stringify(document).replaceAll(new RegExp(`"(${kinds})-`, "g"), '"$1-new-');
  return JSON.parse(text);
}

function truncatedState(state: any): any {
  return { ...state, values: { ...state.values, steps: {} } };
}
