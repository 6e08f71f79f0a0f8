import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventsOf, type Frame, openStream } from "../helpers/sse-client.ts";
import { chat, decide, headersOf, type Stack, startStack } from "../helpers/stack.ts";

const MAIL = "Send an email to kim@example.com with subject Hi saying hello there";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    backend: "redis",
    aura: { heartbeatMs: 100 },
    gateway: { idleTimeoutMs: 3_000 },
  });
});
afterAll(() => stack.close());

describe("the stream through the Gateway", () => {
  test("[R1.1] [R3.1] has the contract's headers, on POST and GET", async () => {
    const post = await chat(stack, { prompt: "hello" });
    const get = await openStream(`${stack.url}/api/aura/test/stream?prompt=hello`, {
      headers: await headersOf(),
    });
    for (const { response } of [post, get]) {
      expect(response.status).toBe(200);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "content-type": "text/event-stream",
        "cache-control": "no-cache",
        connection: "keep-alive",
        "x-accel-buffering": "no",
        "x-thread-id": expect.stringMatching(/^thread-/),
        "x-run-id": expect.stringMatching(/^run-/),
        "x-correlation-id": expect.stringMatching(/./),
      });
    }
    expect((await post.ended).at(-1)?.data).toBe("[DONE]");
    expect((await get.ended).at(-1)?.data).toBe("[DONE]");
  });

  test("[R8.1] begins with an id before the first event, and no chunk is without an id", async () => {
    const stream = await chat(stack, { prompt: MAIL });
    const hitl = await stream.event("hitl");
    const runId = stream.response.headers.get("x-run-id");
    expect(stream.frames[0]).toEqual({ comment: "aura", id: `${runId}:0` });
    const last = eventsOf(stream.frames).at(-1)?.id;
    // Earlier heartbeats, from before the first event, carry earlier ids.
    await stream.first(({ comment, id }) => comment === "heartbeat" && id === last);
    await decide(stack, hitl.requestId, "approve");
    await stream.ended;
    // The Gateway would have prefixed a foreign id to a chunk without one: every id must be ours.
    for (const { id } of stream.frames) expect(id).toMatch(new RegExp(`^${runId}:\\d+$`));
    const seqs = eventsOf(stream.frames).map(({ id }) => Number(id.split(":")[1]));
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
  });

  test("[R8.9] heartbeats keep a waiting stream open beyond the Gateway's idle timeout", async () => {
    const stream = await chat(stack, { prompt: MAIL });
    const hitl = await stream.event("hitl");
    // Far more heartbeats than fit into the idle timeout of 3 s.
    await stream.first(() => stream.frames.filter(({ comment }) => comment === "heartbeat").length >= 40);
    await decide(stack, hitl.requestId, "approve");
    expect((await stream.ended).at(-1)?.data).toBe("[DONE]");
  });

  test("[R8.4] X-Agent-ID is the session when the body names none; a malformed one counts as none", async () => {
    const agent = { "x-agent-id": "agent_session_1706152860123_ab12cd3" };
    const threadOf = async (body: Record<string, unknown>, headers: Record<string, string>) => {
      const stream = await chat(stack, { prompt: "hello", ...body }, headers);
      await stream.ended;
      return stream.response.headers.get("x-thread-id");
    };
    expect(await threadOf({}, agent)).toBe(agent["x-agent-id"]);
    expect(await threadOf({ threadId: "named" }, agent)).toBe("named");
    expect(await threadOf({ thread_id: "alias-1" }, agent)).toBe("alias-1");
    expect(await threadOf({ sessionId: "alias-2" }, agent)).toBe("alias-2");
    expect(await threadOf({}, { "x-agent-id": "not an id" })).toMatch(/^thread-/);
  });

  test("[R8.3] Last-Event-ID of the very beginning replays the run without starting another", async () => {
    const body = { prompt: "hello", threadId: "again" };
    const first = await chat(stack, body);
    const frames = await first.ended;
    const again = await (await chat(stack, body, { "last-event-id": frames[0]?.id ?? "" })).ended;
    // Heartbeats come by the clock, also while a run that is slow goes on.
    const isSaid = ({ data }: Frame) => data !== undefined;
    expect(again.filter(isSaid)).toEqual(frames.filter(isSaid));
    expect(again[0]).toEqual(frames[0]);
  });

  test("[R8.3] a position behind the end was never issued", async () => {
    const first = await chat(stack, { prompt: "hello" });
    await first.ended;
    const runId = first.response.headers.get("x-run-id");
    const response = await fetch(`${stack.url}/api/aura/test/stream`, {
      method: "POST",
      headers: { ...(await headersOf()), "last-event-id": `${runId}:9999` },
      body: JSON.stringify({ prompt: "hello" }),
    });
    expect(response.status).toBe(404);
  });
});

describe("what the operator sees", () => {
  test("[R2.7] one line per request says who, through what and how it ended, and never a token or a mail", async () => {
    const stream = await chat(
      stack,
      { prompt: MAIL },
      { "x-correlation-id": "trace-me", "x-dwp-caller-type": "AGENT" },
    );
    const hitl = await stream.event("hitl");
    await decide(stack, hitl.requestId, "approve");
    await stream.ended;
    const isTheRequest = (line: Record<string, unknown>) =>
      line.msg === "request" && line.traceId === "trace-me";
    await expect
      .poll(() => stack.logs.find(isTheRequest))
      .toMatchObject({
        method: "POST",
        path: "/aura/test/stream",
        statusCode: 200,
        tenant: "1",
        user: "user123",
        source: "FRONTEND",
        callerType: "AGENT",
      });
    const text = JSON.stringify(stack.logs);
    expect(text).not.toContain("hello there");
    expect(text).not.toContain("eyJ");
  });

  test("[R2.7] a correlation id that is not sane is replaced", async () => {
    const response = await fetch(`${stack.aura.url}/health`, { headers: { "x-correlation-id": "a b" } });
    expect(response.headers.get("x-correlation-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(await response.json()).toMatchObject({ status: "SUCCESS", success: true, data: { status: "UP" } });
  });
});
