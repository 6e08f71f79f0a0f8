import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type OpenAiStub, startOpenAiStub } from "../helpers/openai-stub.ts";
import { startRedis, type TestRedis } from "../helpers/redis.ts";
import { type ServiceProcess, startServiceProcess } from "../helpers/service-process.ts";
import { isEnd, openStream } from "../helpers/sse-client.ts";
import { headersOf } from "../helpers/stack.ts";

const PLAN = JSON.stringify({ steps: [{ title: "Answer", confidence: 0.9 }] });
/** An answer that takes longer than two processes live beside a run that ends them. */
const SLOW = { text: Array.from({ length: 40 }, (_, n) => `${n} `), pauseMs: 25 };

let redis: TestRedis;
let model: OpenAiStub;
let services: ServiceProcess[];
beforeEach(async () => {
  services = [];
  redis = await startRedis();
  model = await startOpenAiStub([], {
    always: ({ tools }) => (tools === undefined ? { text: PLAN } : SLOW),
  });
});
afterEach(async () => {
  for (const service of services) await service.stop();
  await model.close();
  await redis.stop();
});

const start = async (restarts = true) => {
  const service = await startServiceProcess({
    redis,
    restarts,
    env: {
      OPENAI_BASE_URL: model.url,
      OPENAI_API_KEY: "key",
      AURA_LEASE_MS: "1000",
      AURA_RECONCILE_MS: "200",
    },
  });
  services.push(service);
  return service;
};

/** The id of the run that the prompt has started. Its process may end before it can say so: the same request is sent again then. */
const send = async (service: ServiceProcess, prompt: string, threadId: string): Promise<string> => {
  const headers = {
    ...(await headersOf()),
    "accept-language": "en",
    "idempotency-key": encodeURIComponent(`${threadId} ${prompt}`),
  };
  for (;;) {
    const body = JSON.stringify({ prompt, threadId });
    const id = await openStream(`${service.url}/aura/test/stream`, { method: "POST", headers, body })
      .then((stream) => stream.first((frame) => frame.id !== undefined))
      .then((first) => first.id)
      .catch(() => undefined);
    if (id !== undefined) return id.split(":")[0] ?? "";
    await delay(100);
  }
};

/** The run's events, once it is over: its processes may end meanwhile. */
const eventsOf = async (service: ServiceProcess, runId: string): Promise<any[]> => {
  for (;;) {
    const frames = await openStream(`${service.url}/aura/runs/${runId}/stream`, {
      headers: await headersOf(),
    })
      .then(({ ended }) => ended)
      .catch(() => []);
    if (frames.slice(-1).some(isEnd)) {
      return frames.flatMap(({ event, data }) => (event === undefined ? [] : [JSON.parse(data ?? "")]));
    }
    await delay(100);
  }
};

const answered = async (service: ServiceProcess, runId: string) => {
  const types = (await eventsOf(service, runId)).map(({ type }) => type);
  expect(types).toContain("content");
  expect(types).not.toContain("error");
};

const healthy = async ({ url }: ServiceProcess) => {
  const answer = await fetch(`${url}/health`).catch(() => null);
  return answer?.status;
};

const CLOSED = {
  type: "error",
  data: {
    errorCode: "E1000",
    reason: "no_progress",
    message: expect.stringContaining("ended again and again"),
  },
};

test.each([
  ["before its plan", "[[exit]]", 3],
  ["after its plan", "[[kill]] [[later]]", 4],
])(
  "a run that ends its process %s is closed, and what runs beside it is answered",
  async (_, marks, ends) => {
    const service = await start();
    const neighbours = await Promise.all([1, 2, 3].map((n) => send(service, "hello", `neighbour-${n}`)));
    const poison = await send(service, `${marks} now`, "poison");
    const events = await eventsOf(service, poison);
    expect(events.at(-1)).toMatchObject(CLOSED);
    for (const runId of neighbours) {
      const types = (await eventsOf(service, runId)).map(({ type }) => type);
      expect(types).toContain("content");
      expect(types).not.toContain("error");
    }
    expect(service.exits).toHaveLength(ends);

    // Its prompt is in the history now, so that whatever follows on this thread ends in the same way; nothing else does.
    const next = await send(service, "and now?", "poison");
    const other = await send(service, "hello", "another");
    expect((await eventsOf(service, next)).at(-1)).toMatchObject(CLOSED);
    await answered(service, other);
    expect(await healthy(service)).toBe(200);
  },
);

test("an exception that nobody catches ends the process in good order: what runs in it is answered", async () => {
  const service = await start();
  const neighbour = await send(service, "hello", "neighbour");
  const poison = await send(service, "[[throw]] now", "poison");
  await service.ended(1);
  expect(service.exits[0]).toEqual({ code: 1, signal: null });
  const fatal = service.logs.filter(({ level }) => level === 60);
  expect(fatal[0]).toMatchObject({ runId: poison, threadId: "poison", msg: "an exception was not caught" });
  await answered(service, neighbour);
  await answered(service, poison);
});

test("a rejected promise that nobody looks after is logged with its run, and ends nothing", async () => {
  const service = await start(false);
  const runId = await send(service, "[[reject]] now", "careless");
  await answered(service, runId);
  const logged = service.logs.filter(({ msg }) => msg === "a rejected promise was not handled");
  expect(logged.length).toBeGreaterThan(0);
  for (const line of logged) expect(line).toMatchObject({ level: 50, runId, threadId: "careless" });
  expect(await healthy(service)).toBe(200);
  expect(service.exits).toEqual([]);
});
