/**
 * How long a client waits when the worker of its run is killed with -9: from the kill to the first new event. Real processes with the
 * default settings (AURA_LEASE_MS, AURA_RECONCILE_MS), another worker standing by. The runs of a round are begun at different
 * times, because the time depends on where the lease's and the sweep's clocks stand.
 *
 *   node bench/recovery.ts [--rounds 2] [--runs 8] [--json]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { loadConfig } from "../src/config.ts";
import { type ChatRequest, type StubReply, startOpenAiStub } from "../test/helpers/openai-stub.ts";
import { startRedis } from "../test/helpers/redis.ts";
import { openStream } from "../test/helpers/sse-client.ts";
import { headersOf, JWT_SECRET } from "../test/helpers/stack.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "2" },
    runs: { type: "string", default: "8" },
    json: { type: "boolean", default: false },
  },
});

/** Long enough to be in the middle of it whenever the kill comes, and for as long as a recovery may take. */
const ANSWER = { text: Array.from({ length: 600 }, (_, n) => `token${n} `), pauseMs: 250 };
/** What the service promises. */
const GOAL_MS = 30_000;

function answer(request: ChatRequest): StubReply {
  if (request.tools !== undefined) return ANSWER;
  return { text: JSON.stringify({ steps: [{ title: "Tell", confidence: 0.9 }] }) };
}

const redis = await startRedis();
const model = await startOpenAiStub([], { always: answer });
const { leaseMs, reconcileMs } = loadConfig({ JWT_SECRET });

async function startProcess(role: "api" | "worker"): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(process.execPath, ["src/main.ts"], {
    env: {
      PATH: process.env.PATH,
      JWT_SECRET,
      AURA_ROLE: role,
      AURA_PORT: "0",
      REDIS_HOST: redis.host,
      REDIS_PORT: `${redis.port}`,
      OPENAI_BASE_URL: model.url,
      OPENAI_API_KEY: "key",
      AURA_KNOWLEDGE: "off",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listening on (http:\/\/[^"]+)/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return { url, child };
  }
  throw new Error("the process ended before it listened");
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

const api = await startProcess("api");
let worker = await startProcess("worker");
const headers = await headersOf();
const samples: number[] = [];

async function round(name: string, runs: number): Promise<void> {
  const streams = [];
  for (let n = 0; n < runs; n += 1) {
    const body = JSON.stringify({ prompt: "tell me", threadId: `${name}-${n}` });
    streams.push(await openStream(`${api.url}/aura/test/stream`, { method: "POST", headers, body }));
    // Over one lifetime of a lease.
    await delay(leaseMs / runs);
  }
  await Promise.all(streams.map((stream) => stream.event("content")));
  const standby = await startProcess("worker");
  const killed = performance.now();
  await kill(worker.child);
  const again = streams.map(async (stream) => {
    await stream.first(({ event, data }) => event === "content" && JSON.parse(data ?? "{}").data.attempt > 1);
    samples.push(performance.now() - killed);
  });
  await Promise.all(again);
  for (const [n, stream] of streams.entries()) {
    const { "content-type": _, ...bodyless } = headers;
    const runId = stream.response.headers.get("x-run-id") ?? `${n}`;
    await fetch(`${api.url}/aura/runs/${runId}/cancel`, { method: "POST", headers: bodyless });
    await stream.ended;
  }
  worker = standby;
}

for (let n = 0; n < Number(values.rounds); n += 1) await round(`round-${n}`, Number(values.runs));
await Promise.all([kill(api.child), kill(worker.child)]);
await model.close();
await redis.stop();

const sorted = samples.toSorted((a, b) => a - b).map((ms) => Number((ms / 1000).toFixed(1)));
const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
const result = {
  measure: `kill -9 -> first new event (lease ${leaseMs} ms, sweep ${reconcileMs} ms)`,
  min: at(0),
  p50: at(0.5),
  max: at(1),
  unit: "s",
  runs: sorted.length,
  late: samples.filter((ms) => ms > GOAL_MS).length,
};
if (values.json) console.log(JSON.stringify({ bench: "recovery", results: [result] }));
else console.table([result]);
