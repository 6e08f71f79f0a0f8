import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { startRedis } from "../helpers/redis.ts";
import { openStream } from "../helpers/sse-client.ts";
import { chat, decide, headersOf, JWT_SECRET, startStack } from "../helpers/stack.ts";

test("[R5.7] with Redis gone, /health lives, /ready and prompts are 503 E5002, and all is well when it is back", async () => {
  const stack = await startStack({ backend: "redis" });
  try {
    await stack.redis?.down();
    expect((await fetch(`${stack.aura.url}/health`)).status).toBe(200);
    const ready = await fetch(`${stack.aura.url}/ready`);
    expect([ready.status, ((await ready.json()) as any).errorCode]).toEqual([503, "E5002"]);
    const refused = await chat(stack, { prompt: "hello" });
    expect(refused.response.status).toBe(503);
    expect(refused.chunks.join("")).not.toContain("ECONNREFUSED");

    await stack.redis?.up();
    await expect.poll(async () => (await fetch(`${stack.aura.url}/ready`)).status).toBe(200);
    const stream = await chat(stack, { prompt: "hello" });
    expect((await stream.ended).at(-1)?.data).toBe("[DONE]");
  } finally {
    await stack.close();
  }
});

test("[R5.7] with Redis full, /ready is 503 and the log says what it is; all is well when there is room", async () => {
  const stack = await startStack({ backend: "redis" });
  const client = stack.redis!.client();
  try {
    const waiting = await chat(stack, {
      prompt: "Send an email to kim@example.com with subject Full saying hello",
    });
    const { requestId } = await waiting.event("hitl");
    await client.config("SET", "maxmemory", "1");
    const ready = await fetch(`${stack.aura.url}/ready`);
    expect([ready.status, ((await ready.json()) as any).errorCode]).toEqual([503, "E5002"]);
    const refused = await chat(stack, { prompt: "hello" });
    expect(refused.response.status).toBe(503);
    expect(refused.chunks.join("")).not.toContain("maxmemory");
    const said = stack.logs.filter(({ level }) => level >= 40).map((line) => JSON.stringify(line));
    expect(said.some((line) => line.includes("Redis is full (maxmemory)"))).toBe(true);
    expect(said.filter((line) => line.includes("unreachable"))).toEqual([]);

    await client.config("SET", "maxmemory", "0");
    await expect.poll(async () => (await fetch(`${stack.aura.url}/ready`)).status).toBe(200);
    await decide(stack, requestId, "approve");
    expect((await waiting.ended).at(-1)?.data).toBe("[DONE]");
    expect(stack.mailbox.mails().map(({ subject }) => subject)).toEqual(["Full"]);
  } finally {
    client.disconnect();
    await stack.close();
  }
});

test("[R5.7] a service that starts before its Redis is not ready, and hears signals once Redis is there", async () => {
  const redis = await startRedis();
  await redis.down();
  const stack = await startStack({ backend: "redis", redis });
  try {
    expect((await fetch(`${stack.aura.url}/ready`)).status).toBe(503);
    await redis.up();
    await expect.poll(async () => (await fetch(`${stack.aura.url}/ready`)).status).toBe(200);
    const stream = await chat(stack, {
      prompt: "Send an email to kim@example.com with subject Hi saying hello",
    });
    const hitl = await stream.event("hitl");
    await decide(stack, hitl.requestId, "approve");
    expect((await stream.ended).at(-1)?.data).toBe("[DONE]");
  } finally {
    await stack.close();
  }
});

test("[R5.7] SIGTERM: a waiting stream is cut without [DONE], and the process ends by itself with 0", async () => {
  const redis = await startRedis();
  const folder = mkdtempSync(join(tmpdir(), "aura-shutdown-"));
  const env = {
    PATH: process.env.PATH,
    JWT_SECRET,
    AURA_PORT: "0",
    REDIS_HOST: redis.host,
    REDIS_PORT: `${redis.port}`,
    AURA_DATA_DIR: folder,
  };
  const child = spawn(process.execPath, ["src/main.ts"], { env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const url = await listeningUrl(child.stdout);
    const stream = await openStream(`${url}/aura/test/stream`, {
      method: "POST",
      headers: await headersOf(),
      body: JSON.stringify({ prompt: "Send an email to kim@example.com with subject Hi saying hello" }),
    });
    await stream.event("hitl");
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await expect(stream.ended).rejects.toThrow();
    expect(stream.chunks.join("")).not.toContain("[DONE]");
    expect(await exited).toEqual([0, null]);
  } finally {
    child.kill("SIGKILL");
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
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
