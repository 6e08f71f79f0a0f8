/**
 * What garbage on hitl:channel costs a good signal: from its PUBLISH to the first event of the resumed run at an HTTP client, one run at a
 * time, without garbage and with it, in turns. Redis backend, one machine, offline; service and client share the process, the garbage comes
 * from a thread of its own.
 *
 *   node bench/garbage-signals.ts [--rounds 200] [--rate 1000] [--json]
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Redis } from "ioredis";
import { pino } from "pino";
import { openStream } from "../test/helpers/sse-client.ts";
import { headersOf, startStack } from "../test/helpers/stack.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "200" },
    rate: { type: "string", default: "1000" },
    json: { type: "boolean", default: false },
  },
});

const TICK_MS = 10;
const MEGABYTE = "x".repeat(1_000_000);
const approvalOf = (requestId: string) =>
  JSON.stringify({ type: "approval", requestId, status: "approved", timestamp: 1706152860 });

/** Cheap and dear to refuse; every one of the last kind asks Redis. */
const LONG = JSON.stringify({ type: "rejection", requestId: "x".repeat(60_000), status: "rejected" });
const DEEP = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
const KINDS: ((n: number) => string)[] = [
  () => "no JSON {",
  () => '{"type":"approval","requestId":7,"status":["approved"]}',
  () => DEEP,
  () => LONG,
  (n) => approvalOf(`req-unknown-${n}`),
];

/** Publishes garbage at the given rate until it is told to stop, and answers how many there were. */
async function pollute({ port, perSecond }: { port: number; perSecond: number }): Promise<void> {
  const redis = new Redis(port);
  let stopped = false;
  parentPort?.once("message", () => {
    stopped = true;
  });
  let sent = 0;
  const began = performance.now();
  while (!stopped) {
    const owed = Math.floor(((performance.now() - began) / 1000) * perSecond) - sent;
    const batch = Array.from({ length: owed }, (_, n) => {
      const number = sent + n;
      const payload = number % perSecond === 0 ? MEGABYTE : KINDS[number % KINDS.length]?.(number);
      return redis.publish(`hitl:channel:garbage-${number % 50}`, payload ?? "");
    });
    await Promise.all(batch);
    sent += owed;
    await delay(TICK_MS);
  }
  redis.disconnect();
  parentPort?.postMessage(sent);
}

type Stack = Awaited<ReturnType<typeof startStack>>;

async function signalOnce(stack: Stack, threadId: string): Promise<number> {
  const body = JSON.stringify({
    prompt: "Send an email to kim@example.com with subject Hi saying hello",
    threadId,
  });
  const stream = await openStream(`${stack.aura.url}/aura/test/stream`, {
    method: "POST",
    headers: await headersOf(),
    body,
  });
  const hitl = await stream.event("hitl");
  const seen = stream.frames.length;
  const published = performance.now();
  void stack.publish(`hitl:channel:${threadId}`, approvalOf(hitl.requestId));
  await stream.first((frame) => frame.event !== undefined && stream.frames.indexOf(frame) >= seen);
  const took = performance.now() - published;
  await stream.ended;
  return took;
}

const BLOCK = 20;

async function main(): Promise<void> {
  const stack = await startStack({ backend: "redis", aura: { logger: pino({ level: "silent" }) } });
  const samples = { quiet: [] as number[], polluted: [] as number[] };
  let garbage = 0;
  let pollutedMs = 0;
  const block = async (name: keyof typeof samples, number: number) => {
    for (let n = 0; n < BLOCK; n += 1) samples[name].push(await signalOnce(stack, `${name}-${number}-${n}`));
  };
  for (let n = 0; n < BLOCK; n += 1) await signalOnce(stack, `warm-up-${n}`);
  for (let number = 0; number * BLOCK < Number(values.rounds); number += 1) {
    await block("quiet", number);
    const data = { port: stack.redis?.port, perSecond: Number(values.rate) };
    const polluter = new Worker(new URL(import.meta.url), { workerData: data, argv: [] });
    const ended = new Promise<number>((resolve, reject) => {
      polluter.once("message", resolve);
      polluter.once("error", reject);
    });
    await new Promise((resolve) => polluter.once("online", resolve));
    const began = performance.now();
    await block("polluted", number);
    polluter.postMessage("stop");
    garbage += await ended;
    pollutedMs += performance.now() - began;
  }
  await stack.close();
  report(samples, Math.round(garbage / (pollutedMs / 1000)));
}

function report(samples: Record<string, number[]>, perSecond: number): void {
  const results = Object.entries(samples).map(([side, taken]) => {
    const sorted = taken.toSorted((a, b) => a - b);
    const at = (q: number) =>
      Number((sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0).toFixed(1));
    const rate = side === "quiet" ? 0 : perSecond;
    return {
      side,
      "garbage/s": rate,
      p50: at(0.5),
      p99: at(0.99),
      max: at(1),
      unit: "ms",
      rounds: taken.length,
    };
  });
  if (values.json) console.log(JSON.stringify({ bench: "garbage-signals", results }));
  else console.table(results);
}

await (isMainThread ? main() : pollute(workerData));
