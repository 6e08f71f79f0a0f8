import { afterEach, beforeEach, expect, test } from "vitest";
import { type OpenAiStub, startOpenAiStub } from "../helpers/openai-stub.ts";
import { startRedis, type TestRedis } from "../helpers/redis.ts";
import { type ServiceProcess, startServiceProcess } from "../helpers/service-process.ts";
import { openStream } from "../helpers/sse-client.ts";
import { headersOf } from "../helpers/stack.ts";

const PLAN = JSON.stringify({ steps: [{ title: "Answer", confidence: 0.9 }] });

let redis: TestRedis;
let model: OpenAiStub;
let services: ServiceProcess[];
beforeEach(async () => {
  services = [];
  redis = await startRedis();
  model = await startOpenAiStub([], {
    always: ({ tools }) => ({ text: tools === undefined ? PLAN : ["All ", "done."], pauseMs: 20 }),
  });
});
afterEach(async () => {
  for (const service of services) await service.stop();
  await model.close();
  await redis.stop();
});

const start = async () => {
  const service = await startServiceProcess({
    redis,
    restarts: true,
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

const send = async ({ url }: ServiceProcess, prompt: string, threadId: string) => {
  const stream = await openStream(`${url}/aura/test/stream`, {
    method: "POST",
    headers: await headersOf(),
    body: JSON.stringify({ prompt, threadId }),
  });
  const first = await stream.first(({ id }) => id !== undefined);
  return first.id?.split(":")[0] ?? "";
};

const reportOf = async ({ url }: ServiceProcess, runId: string): Promise<any> => {
  const answer = await fetch(`${url}/aura/runs/${runId}`, { headers: await headersOf() }).catch(() => null);
  return answer?.status === 200 ? ((await answer.json()) as any).data : null;
};

/** The run's last status, once it is over. */
const over = (service: ServiceProcess, runId: string) =>
  expect
    .poll(async () => (await reportOf(service, runId))?.status, { timeout: 60_000, interval: 200 })
    .toMatch(/completed|failed|cancelled/);

test("a run that ends its process again and again is closed; what ran beside it is answered", {
  timeout: 120_000,
}, async () => {
  const service = await start();
  const poison = await send(service, "[[exit]] now", "poison");
  await service.ended(1);
  await over(service, poison);
  expect(await reportOf(service, poison)).toMatchObject({ status: "failed" });
  expect(service.exits.length).toBeLessThanOrEqual(4);
});
