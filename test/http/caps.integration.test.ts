import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type OpenAiStub, startOpenAiStub } from "../helpers/openai-stub.ts";
import { openStream, type SseStream } from "../helpers/sse-client.ts";
import { headersOf, type Person, type Stack, startStack, USER } from "../helpers/stack.ts";

const OTHER: Person = { user: "user456", tenant: "2" };
const COLLEAGUE: Person = { user: "admin", tenant: "1" };

/** A prompt that begins with "wait" is not answered before the test is over. */
const answer = ({ messages }: { messages: { content: unknown }[] }) =>
  messages.some(({ content }) => String(content).startsWith("wait"))
    ? ({ stall: "headers" } as const)
    : { text: "ok" };

describe.each(["embedded", "redis"] as const)("what one user may have at a time, %s backend", (backend) => {
  let stack: Stack;
  let model: OpenAiStub;
  const streams: SseStream[] = [];

  beforeEach(async () => {
    model = await startOpenAiStub([], { always: answer });
    stack = await startStack({
      backend,
      env: {
        OPENAI_BASE_URL: model.url,
        AURA_CONCURRENCY: "4",
        AURA_USER_QUEUE: "3",
        AURA_TENANT_QUEUE: "4",
        AURA_USER_STREAMS: "6",
        AURA_RECONCILE_MS: "300",
      },
      aura: { drainMs: 0 },
    });
  });
  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close();
    await stack.close();
    await model.close();
  });

  const prompt = async (text: string, person: Person = USER, headers: Record<string, string> = {}) => {
    const stream = await openStream(`${stack.aura.url}/aura/test/stream`, {
      method: "POST",
      headers: { ...(await headersOf(person)), ...headers },
      body: JSON.stringify({ prompt: text }),
    });
    streams.push(stream);
    return stream;
  };
  const follow = async (runId: string) => {
    const stream = await openStream(`${stack.aura.url}/aura/runs/${runId}/stream`, {
      headers: await headersOf(),
    });
    streams.push(stream);
    return stream;
  };
  const runIdOf = (stream: SseStream) => stream.response.headers.get("x-run-id") ?? "";
  const refused = async ({ response, ended }: SseStream) => {
    await ended.catch(() => {});
    return [response.status, response.headers.get("retry-after")];
  };
  /** One executes (the user's share of four is one), and three wait. */
  const fill = async () => {
    const first = await prompt("wait");
    await first.event("thought");
    return [first, await prompt("wait"), await prompt("wait"), await prompt("wait")];
  };

  test("one more queued run is 429 E4290 with when to try again and the cap in words; others are served", async () => {
    await fill();
    const korean = await prompt("wait");
    expect(await refused(korean)).toEqual([429, "10"]);
    const body = JSON.parse(korean.chunks.join(""));
    expect(body).toMatchObject({
      errorCode: "E4290",
      message: expect.stringContaining("사용자당 대기 중인 실행은 최대 3개입니다"),
      data: { cap: "queuedRuns", scope: "user", limit: 3 },
    });
    const english = await prompt("wait", USER, { "accept-language": "en" });
    await english.ended.catch(() => {});
    expect(JSON.parse(english.chunks.join("")).message).toContain("at most 3 queued runs per user");
    // Another user of the tenant has its turn, and so has another tenant.
    for (const person of [COLLEAGUE, OTHER]) {
      expect((await (await prompt("hello", person)).ended).at(-1)?.data).toBe("[DONE]");
    }
  });

  test("a run that was cancelled makes room", async () => {
    const [, waiting] = await fill();
    expect(await refused(await prompt("wait"))).toEqual([429, "10"]);
    const { "content-type": _, ...headers } = await headersOf();
    const runId = runIdOf(waiting as SseStream);
    const cancelled = await fetch(`${stack.aura.url}/aura/runs/${runId}/cancel`, { method: "POST", headers });
    expect(cancelled.status).toBe(200);
    expect((await prompt("wait")).response.status).toBe(200);
  });

  test("a request that has started its run already gets it, whatever else is full", async () => {
    const key = { "idempotency-key": "the-first" };
    const first = await prompt("wait", USER, key);
    await first.event("thought");
    for (let n = 0; n < 3; n += 1) await prompt("wait");
    const again = await prompt("wait", USER, key);
    expect([again.response.status, runIdOf(again)]).toEqual([200, runIdOf(first)]);
  });

  test("following one's own run is never refused: the oldest stream gives way, and comes back where it was", async () => {
    const [first] = await fill();
    const runId = runIdOf(first as SseStream);
    const more = [await follow(runId), await follow(runId)];
    // Six are open: nothing new may begin, and what was begun may be followed.
    expect(await refused(await prompt("wait"))).toEqual([429, "10"]);
    const newest = await follow(runId);
    expect(newest.response.status).toBe(200);
    await expect((first as SseStream).ended).rejects.toThrow();
    expect(more.map(({ response }) => response.status)).toEqual([200, 200]);
    const last = (first as SseStream).frames.findLast(({ id }) => id !== undefined)?.id ?? "";
    const back = await prompt("wait", USER, { "last-event-id": last });
    expect([back.response.status, runIdOf(back)]).toEqual([200, runId]);
  });
});
