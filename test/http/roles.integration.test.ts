import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMailbox, type Mailbox } from "../../devstack/mailbox.ts";
import { ConfigError, loadConfig } from "../../src/config.ts";
import { startRedis, type TestRedis } from "../helpers/redis.ts";
import { eventsOf, openStream } from "../helpers/sse-client.ts";
import { headersOf, JWT_SECRET } from "../helpers/stack.ts";

const mailTo = (subject: string) => `Send an email to kim@example.com with subject ${subject} saying hello`;

/** One process of the service. */
interface Member {
  url: string;
  /** SIGTERM; resolves with the exit code and signal. */
  stop(): Promise<unknown[]>;
}

describe("AURA_ROLE=api and AURA_ROLE=worker as two processes", () => {
  let redis: TestRedis;
  let mailbox: Mailbox;
  let api: Member;
  let worker: Member;
  const children = new Set<ChildProcess>();

  const startMember = async (role: "api" | "worker"): Promise<Member> => {
    const child = spawn(process.execPath, ["src/main.ts"], {
      env: {
        PATH: process.env.PATH,
        JWT_SECRET,
        AURA_ROLE: role,
        AURA_PORT: "0",
        REDIS_HOST: redis.host,
        REDIS_PORT: `${redis.port}`,
        SMTP_URL: mailbox.url,
        AURA_KNOWLEDGE: "off",
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.add(child);
    const exited = once(child, "exit");
    return {
      url: await listeningUrl(child.stdout),
      stop: async () => {
        child.kill("SIGTERM");
        return exited;
      },
    };
  };

  beforeAll(async () => {
    redis = await startRedis();
    mailbox = await createMailbox({ port: 0 });
    [api, worker] = await Promise.all([startMember("api"), startMember("worker")]);
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await mailbox.close();
    await redis.stop();
  });

  const post = async (prompt: string, threadId: string) =>
    openStream(`${api.url}/aura/test/stream`, {
      method: "POST",
      headers: await headersOf(),
      body: JSON.stringify({ prompt, threadId }),
    });
  const approve = (threadId: string, requestId: string) =>
    redis
      .client()
      .publish(
        `hitl:channel:${threadId}`,
        JSON.stringify({ type: "approval", requestId, status: "approved", timestamp: 1706152860 }),
      );
  const mails = (subject: string) => mailbox.mails().filter((mail) => mail.subject === subject);
  const run = async (runId: string) => {
    const response = await fetch(`${api.url}/aura/runs/${runId}`, { headers: await headersOf() });
    return ((await response.json()) as any).data;
  };

  test("the worker works on what the api was sent, and the api streams it to the end", async () => {
    const stream = await post(mailTo("Split"), "roles-split");
    const hitl = await stream.event("hitl");
    expect(mails("Split")).toEqual([]);
    // Only the worker subscribes to signals.
    expect(await approve("roles-split", hitl.requestId)).toBe(1);
    expect((await stream.ended).at(-1)?.data).toBe("[DONE]");
    expect(mails("Split")).toHaveLength(1);
  });

  test("the worker answers health checks and nothing else", async () => {
    for (const path of ["/health", "/ready"]) {
      expect((await fetch(`${worker.url}${path}`)).status).toBe(200);
      expect((await fetch(`${api.url}${path}`)).status).toBe(200);
    }
    const headers = await headersOf();
    const body = JSON.stringify({ prompt: "hello" });
    const { "content-type": _, ...bodyless } = headers;
    const routes: [string, RequestInit][] = [
      ["/aura/test/stream", { method: "POST", headers, body }],
      ["/aura/test/stream?prompt=hello", { headers }],
      ["/aura/approvals", { headers }],
      ["/aura/runs/run-1", { headers }],
      ["/aura/runs/run-1/stream", { headers }],
      ["/aura/runs/run-1/events/1", { headers }],
      ["/aura/runs/run-1/cancel", { method: "POST", headers: bodyless }],
      ["/aura/threads/thread-1/stream", { headers }],
    ];
    for (const [path, init] of routes) {
      const response = await fetch(`${worker.url}${path}`, init);
      expect([path, response.status, ((await response.json()) as any).errorCode]).toEqual([
        path,
        404,
        "E1004",
      ]);
    }
  });

  test("without a worker a run waits in the queue, and a cancel ends it; the next worker takes up the others", async () => {
    const waitsForJobs = async () => /cmd=bzpopmin/.test(String(await redis.client().client("LIST")));
    await expect.poll(waitsForJobs).toBe(true);
    expect(await worker.stop()).toEqual([0, null]);
    const stream = await post(mailTo("Queued"), "roles-queued");
    const runId = stream.response.headers.get("x-run-id") ?? "";
    await stream.first(({ id }) => id === `${runId}:0`);
    const given = await post(mailTo("Given up"), "roles-given-up");
    const givenId = given.response.headers.get("x-run-id") ?? "";

    // A round of requests later still nothing has begun: the api works on no run.
    expect((await fetch(`${api.url}/ready`)).status).toBe(200);
    expect(await run(runId)).toMatchObject({ status: "queued" });
    expect(await waitsForJobs()).toBe(false);
    expect(eventsOf(stream.frames)).toEqual([]);
    const { "content-type": _, ...headers } = await headersOf();
    const cancelled = await fetch(`${api.url}/aura/runs/${givenId}/cancel`, { method: "POST", headers });
    expect(cancelled.status).toBe(200);
    expect(await run(givenId)).toMatchObject({ status: "cancelled" });

    worker = await startMember("worker");
    const hitl = await stream.event("hitl");
    expect(await approve("roles-queued", hitl.requestId)).toBe(1);
    expect((await stream.ended).at(-1)?.data).toBe("[DONE]");
    expect(mails("Queued")).toHaveLength(1);
    expect(eventsOf(await given.ended)).toMatchObject([
      { type: "error", data: { errorCode: "E3002", reason: "cancelled" } },
    ]);
    expect(mails("Given up")).toEqual([]);
  });

  test("both end with 0 on SIGTERM, whatever waits; the stream is cut without [DONE]", async () => {
    const stream = await post(mailTo("Left"), "roles-left");
    await stream.event("hitl");
    expect(await worker.stop()).toEqual([0, null]);
    expect(await api.stop()).toEqual([0, null]);
    await expect(stream.ended).rejects.toThrow();
    expect(stream.chunks.join("")).not.toContain("[DONE]");
    expect(mails("Left")).toEqual([]);
  });
});

test.each(["api", "worker"])("AURA_ROLE=%s needs the redis backend", (AURA_ROLE) => {
  const env = { JWT_SECRET, AURA_ROLE };
  expect(loadConfig({ ...env, REDIS_HOST: "redis" }).role).toBe(AURA_ROLE);
  for (const embedded of [env, { ...env, REDIS_HOST: "redis", AURA_BACKEND: "embedded" }]) {
    expect(() => loadConfig(embedded)).toThrow(ConfigError);
    expect(() => loadConfig(embedded)).toThrow(/AURA_ROLE .*needs the redis backend/);
  }
});

async function listeningUrl(stdout: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const url = /http:\/\/[^"]+/.exec(JSON.parse(line).msg)?.[0];
    if (url !== undefined) {
      stdout.resume();
      return url;
    }
  }
  throw new Error("the process ended before it listened");
}
