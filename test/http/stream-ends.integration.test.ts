import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { EventSource } from "undici";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type OpenAiStub, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf, openStream } from "../helpers/sse-client.ts";
import { browserGlobals, READERS, type Seen } from "../helpers/sse-readers.ts";
import { chat, getJson, headersOf, type Stack, startStack } from "../helpers/stack.ts";

/** A prompt that begins with "wait" is not answered before it is cancelled, one that begins with "fail" never. */
const answer = ({ messages }: { messages: { content: unknown }[] }) => {
  const says = (word: string) => messages.some(({ content }) => String(content).startsWith(word));
  if (says("wait")) return { stall: "headers" } as const;
  return says("fail") ? { status: 401 } : { text: "ok" };
};

let model: OpenAiStub;
let stack: Stack;
beforeAll(async () => {
  for (const [name, value] of Object.entries(browserGlobals())) vi.stubGlobal(name, value);
  model = await startOpenAiStub([], { always: answer });
  stack = await startStack({
    backend: "embedded",
    env: { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: "key", AURA_CONCURRENCY: "1" },
    aura: { heartbeatMs: 50 },
  });
});
afterAll(async () => {
  await stack.close();
  await model.close();
  vi.unstubAllGlobals();
});

const runIdOf = ({ response }: { response: Response }) => response.headers.get("x-run-id") ?? "";
const runsOf = async (threadId: string): Promise<any[]> =>
  (await getJson(stack, `/api/aura/threads/${threadId}`)).data.runs;
const post = async (body: object, headers: Record<string, string>) =>
  fetch(`${stack.url}/api/aura/test/stream`, {
    method: "POST",
    headers: { ...(await headersOf()), ...headers },
    body: JSON.stringify(body),
  });
const positionHeader = (lastEventId: string | undefined): Record<string, string> =>
  lastEventId === undefined ? {} : { "last-event-id": lastEventId };

describe("after an error", () => {
  const failed = async (threadId: string) => {
    const stream = await chat(stack, { prompt: "fail", threadId });
    const frames = await stream.ended;
    return { runId: runIdOf(stream), frames, last: frames.at(-1)?.id ?? "" };
  };

  test("[R5.6] the stream ends in good order, and its last word is the error", async () => {
    const { frames, runId } = await failed("failed");
    expect(frames.at(-1)).toMatchObject({ event: "error", id: expect.stringContaining(runId) });
    expect(frames.filter(({ data }) => data === "[DONE]")).toEqual([]);
    const replay = await openStream(`${stack.url}/api/aura/threads/failed/replay`, {
      method: "POST",
      headers: await headersOf(),
      body: JSON.stringify({ speed: 0 }),
    });
    expect(eventsOf(await replay.ended)).toEqual(eventsOf(frames));
    expect(replay.frames.at(-1)?.event).toBe("error");
  });

  test("[R8.3] who comes back with its id gets the end and nothing else, and starts nothing", async () => {
    const { runId, last } = await failed("failed-again");
    const asked = model.requests.length;
    const again = await chat(stack, { prompt: "fail", threadId: "failed-again" }, { "last-event-id": last });
    expect(again.response.status).toBe(200);
    expect(runIdOf(again)).toBe(runId);
    const rest = await again.ended;
    expect(rest.filter(({ comment }) => comment === undefined)).toEqual([]);
    expect(rest.every(({ id }) => id === last)).toBe(true);
    expect(await runsOf("failed-again")).toHaveLength(1);
    expect(model.requests).toHaveLength(asked);
  });

  test("who follows a thread goes on with its next run", async () => {
    const { last } = await failed("failed-first");
    const follower = await openStream(`${stack.url}/api/aura/threads/failed-first/stream`, {
      headers: { ...(await headersOf()), "last-event-id": last },
    });
    expect(follower.response.status).toBe(200);
    // Its history still says "fail".
    const next = await failed("failed-first");
    expect((await follower.first(({ event }) => event === "error")).id).toBe(next.last);
    follower.close();
  });

  test("an EventSource, which comes back after every end, is told to stop", async () => {
    const { runId, frames } = await failed("event-source");
    const headers = await headersOf();
    const answers: number[] = [];
    // EventSource cannot send headers of its own.
    const front = createServer(async (request, response) => {
      const position = request.headers["last-event-id"]?.toString();
      const answered = await fetch(`${stack.url}${request.url}`, {
        headers: { ...headers, ...positionHeader(position) },
      });
      answers.push(answered.status);
      response.writeHead(answered.status, { "content-type": answered.headers.get("content-type") ?? "" });
      response.end(await answered.text());
    }).listen(0, "127.0.0.1");
    await once(front, "listening");
    const { port } = front.address() as AddressInfo;
    const source = new EventSource(`http://127.0.0.1:${port}/api/aura/runs/${runId}/stream`, {
      node: { reconnectionTime: 10 },
    });
    const seen: string[] = [];
    for (const type of ["thought", "plan_step", "error", "message"]) {
      source.addEventListener(type, (event) => {
        if ("lastEventId" in event) seen.push(`${event.lastEventId}`);
      });
    }
    while (source.readyState !== EventSource.CLOSED) await once(source, "error");
    expect(answers).toEqual([200, 204]);
    expect(seen).toEqual(eventsOf(frames).map(({ id }) => id));
    front.closeAllConnections();
    front.close();
  });

  test.each(Object.entries(READERS))("%s is done with one request", async (_, reader) => {
    const threadId = `reader-${randomUUID()}`;
    let requests = 0;
    const seen = await reader((lastEventId) => {
      requests += 1;
      return post({ prompt: "fail", threadId }, positionHeader(lastEventId));
    });
    expect(requests).toBe(1);
    expect(JSON.parse(seen.at(-1)?.data ?? "")).toMatchObject({
      type: "error",
      data: { errorCode: "E5000" },
    });
  });
});

describe("a connection that breaks after nothing but heartbeats", () => {
  /** As the readers know a broken connection. */
  const broken = new TypeError("terminated");
  const breaking = (response: Response, heartbeats: number): Response => {
    let beats = 0;
    const body = response.body?.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          controller.enqueue(chunk);
          beats += Buffer.from(chunk).toString().split(": heartbeat\nid: ").length - 1;
          if (beats >= heartbeats) controller.error(broken);
        },
      }),
    );
    return new Response(body ?? null, { headers: response.headers });
  };

  test.each<[keyof typeof READERS, Record<string, string>]>([
    // These take a position from its line.
    ["DWP's web client", {}],
    ["fetch-event-source", {}],
    // These have a position with the first event; before that it is the key by which the service knows the request.
    ["eventsource-parser", { "idempotency-key": "key-1" }],
    ["the command line", { "idempotency-key": "key-2" }],
  ])("[R8.29] %s comes back to the same run", async (name, key) => {
    const threadId = `waits-${randomUUID()}`;
    const holder = await chat(stack, { prompt: "wait", threadId: `holder-${threadId}` });
    await holder.event("thought");
    const asked = model.requests.length;
    const runIds: string[] = [];
    const positions: (string | undefined)[] = [];
    const seen: Seen[] = await READERS[name](async (lastEventId) => {
      positions.push(lastEventId);
      const response = await post({ prompt: "hello", threadId }, { ...key, ...positionHeader(lastEventId) });
      expect(response.status).toBe(200);
      runIds.push(runIdOf({ response }));
      if (runIds.length === 1) return breaking(response, 3);
      const cancelled = await fetch(`${stack.url}/api/aura/runs/${runIdOf(holder)}/cancel`, {
        method: "POST",
        headers: (({ "content-type": _, ...headers }) => headers)(await headersOf()),
      });
      expect(cancelled.status).toBe(200);
      return response;
    });
    expect(positions).toEqual([undefined, "idempotency-key" in key ? undefined : `${runIds[0]}:0`]);
    expect(new Set(runIds).size).toBe(1);
    const whole = await openStream(`${stack.url}/api/aura/runs/${runIds[0]}/stream`, {
      headers: await headersOf(),
    });
    expect(seen.map(({ data }) => data)).toEqual(
      (await whole.ended).flatMap(({ data }) => (data === undefined ? [] : [data])),
    );
    expect(await runsOf(threadId)).toHaveLength(1);
    // One plan and one answer.
    expect(model.requests).toHaveLength(asked + 2);
  });
});
