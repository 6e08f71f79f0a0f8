import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { range } from "../contracts/harness.ts";
import { type OpenAiStub, startOpenAiStub } from "../helpers/openai-stub.ts";
import { openStream, type SseStream } from "../helpers/sse-client.ts";
import { headersOf, type Person, type Stack, startStack, USER } from "../helpers/stack.ts";

const OTHER: Person = { user: "other", tenant: USER.tenant };

describe.each(["embedded", "redis"] as const)(
  "%s: what a user may begin beside its tenant and its own streams",
  (backend) => {
    let stack: Stack;
    let model: OpenAiStub;
    const streams: SseStream[] = [];
    afterEach(async () => {
      for (const stream of streams.splice(0)) stream.close();
      await stack.close();
      await model.close();
    });

    /** A service whose model never answers, with one slot. */
    const start = async (env: NodeJS.ProcessEnv) => {
      model = await startOpenAiStub([], { always: () => ({ stall: "headers" }) });
      const settings = { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: "key", AURA_CONCURRENCY: "1" };
      stack = await startStack({ backend, env: { ...settings, ...env }, aura: { drainMs: 0 } });
    };
    const ask = async (
      headers: Record<string, string> = {},
      person = USER,
      method = "POST",
      path = "/aura/test/stream",
    ) => {
      const body = method === "POST" ? { body: JSON.stringify({ prompt: "hi" }) } : {};
      const { "content-type": type, ...rest } = await headersOf(person);
      const all = {
        ...rest,
        ...(method === "POST" && type !== undefined ? { "content-type": type } : {}),
        ...headers,
      };
      const stream = await openStream(`${stack.aura.url}${path}`, { method, headers: all, ...body });
      streams.push(stream);
      return stream;
    };
    const runOf = (stream: SseStream) => stream.response.headers.get("x-run-id") ?? "";
    const refusalOf = async (stream: SseStream) => {
      await stream.ended.catch(() => {});
      return JSON.parse(stream.chunks.join(""));
    };
    const whenRunning = async (stream: SseStream) => {
      const { "content-type": _, ...headers } = await headersOf();
      const url = `${stack.aura.url}/aura/runs/${runOf(stream)}`;
      await expect
        .poll(async () => JSON.stringify(await (await fetch(url, { headers })).json()))
        .toContain('"running"');
    };

    it("is bounded by what its tenant has queued; another tenant of the same user id is not", async () => {
      await start({ AURA_USER_QUEUE: "2", AURA_TENANT_QUEUE: "2" });
      await whenRunning(await ask());
      for (const _ of range(2)) await ask();
      const refused = await ask({ "accept-language": "en" }, OTHER);
      expect(await refusalOf(refused)).toMatchObject({
        data: { cap: "queuedRuns", scope: "tenant", limit: 2 },
      });
      expect((await ask({}, { user: USER.user, tenant: "2" })).response.status).toBe(200);
    });

    it("is a number of open streams: nothing new begins over it, and what one has is always followed", async () => {
      await start({ AURA_USER_STREAMS: "3" });
      const key = { "idempotency-key": randomUUID() };
      const [first, second] = [await ask(key), await ask()];
      const third = await ask();
      for (const stream of [first, second, third]) await stream.first(() => true);
      const refused = await ask({ "accept-language": "en" });
      expect(refused.response.status).toBe(429);
      expect(refused.response.headers.get("retry-after")).not.toBeNull();
      const body = await refusalOf(refused);
      expect(body.data).toEqual({ cap: "openStreams", scope: "user", limit: 3 });
      expect(body.message).toContain("at most 3 open streams per user");
      expect((await ask({}, OTHER)).response.status).toBe(200);

      // Each of these follows, and the oldest stream gives way to it: cut, so that its client comes back.
      const byKey = await ask(key);
      expect([byKey.response.status, runOf(byKey)]).toEqual([200, runOf(first)]);
      await expect(first.ended).rejects.toThrow();
      const byPosition = await ask({ "last-event-id": `${runOf(second)}:0` });
      expect([byPosition.response.status, runOf(byPosition)]).toEqual([200, runOf(second)]);
      await expect(second.ended).rejects.toThrow();
      const byGet = await ask({}, USER, "GET", `/aura/runs/${runOf(third)}/stream`);
      expect([byGet.response.status, runOf(byGet)]).toEqual([200, runOf(third)]);
      await expect(third.ended).rejects.toThrow();
      for (const stream of [byKey, byPosition, byGet]) await stream.first(() => true);
      // Who leaves makes room.
      byGet.close();
      await expect.poll(async () => (await ask()).response.status).toBe(200);
    });
  },
);
