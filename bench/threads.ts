/**
 * How fast saved threads are found and opened, redis backend: a page of 100 of 10,000 threads (with and without a rare status), and a thread of 200
 * checkpoints: shown, its history, its export. `node bench/threads.ts [--threads 10000] [--rounds 50] [--json]`
 */
import { parseArgs } from "node:util";
import { pino } from "pino";
import { startRedis } from "../test/helpers/redis.ts";

// Before LangChain loads.
process.env.LANGCHAIN_CALLBACKS_BACKGROUND = "false";
process.env.LANGSMITH_TRACING = "false";

const { values } = parseArgs({
  options: {
    threads: { type: "string", default: "10000" },
    rounds: { type: "string", default: "50" },
    json: { type: "boolean", default: false },
  },
});
const OWNER = { tenantId: "1", userId: "user123" };
/** A run of the demo model without a tool leaves five. */
const RUNS = 40;
const BATCH = 200;

const [{ compose }, { loadConfig }, { JWT_SECRET }, { showThread }, { threadHistory }, { exportThread }] =
  await Promise.all([
    import("../src/compose.ts"),
    import("../src/config.ts"),
    import("../test/helpers/stack.ts"),
    import("../src/threads/show.ts"),
    import("../src/threads/history.ts"),
    import("../src/threads/export.ts"),
  ]);
const redis = await startRedis();
const address = { REDIS_HOST: redis.host, REDIS_PORT: `${redis.port}` };
const config = loadConfig({ JWT_SECRET, ...address, AURA_KNOWLEDGE: "off" });
const core = await compose(config, { logger: pino({ level: "silent" }) });
await core.ready();
const { threads, eventLog } = core.backend;
const { archive } = core.saved;

async function fill(count: number): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    const size = Math.min(BATCH, count - from);
    await Promise.all(Array.from({ length: size }, (_, n) => record(from + n)));
  }
}

/** The records alone: a list reads no more. One in a thousand has failed. */
async function record(n: number): Promise<void> {
  const at = 1_700_000_000_000 + n;
  const [runId, threadId] = [`run-${n}`, `thread-${n}`];
  const rest = { prompt: `prompt ${n}`, context: {}, language: "en", traceId: "bench", attempt: 1 } as const;
  const run = {
    v: 1,
    runId,
    threadId,
    ...OWNER,
    status: "queued",
    ...rest,
    createdAt: at,
    updatedAt: at,
  } as const;
  await threads.begin(run);
  await threads.transition(runId, ["queued"], "running", at);
  await threads.transition(runId, ["running"], n % 1000 === 0 ? "failed" : "completed", at);
  await threads.notDue(runId);
}

async function converse(threadId: string): Promise<void> {
  for (let n = 0; n < RUNS; n += 1) {
    const prompt = `Tell me something, number ${n}`;
    const run = await core.start({
      owner: OWNER,
      threadId,
      prompt,
      context: {},
      language: "en",
      traceId: "b",
    });
    const noted: { wake?: () => void } = {};
    const over = new Promise<void>((resolve) => {
      noted.wake = () => void eventLog.tail(run.runId).then(({ closed }) => closed && resolve());
    });
    const stop = await eventLog.watch(run.runId, () => noted.wake?.());
    noted.wake?.();
    await over;
    stop();
  }
}

async function time(measure: string, work: () => Promise<unknown>) {
  const samples: number[] = [];
  for (let round = 0; round < Number(values.rounds) + 5; round += 1) {
    const began = performance.now();
    await work();
    // The first few pay for compiled code and scripts.
    if (round >= 5) samples.push(performance.now() - began);
  }
  samples.sort((a, b) => a - b);
  const at = (q: number) => Number((samples[Math.floor(q * (samples.length - 1))] ?? 0).toFixed(2));
  return { measure, "p50 ms": at(0.5), "p99 ms": at(0.99) };
}

try {
  await fill(Number(values.threads));
  await converse("long");
  const page = { limit: 200, values: false };
  const { items } = await threadHistory(core.saved, OWNER, "long", page);
  const results = [
    await time(`100 of ${values.threads} threads`, () => archive.list(OWNER, { after: null, limit: 100 })),
    await time("the 10 of them that have failed", () =>
      archive.list(OWNER, { after: null, limit: 100, status: "failed" }),
    ),
    await time(`open a thread of ${RUNS} runs`, () => showThread(core.saved, OWNER, "long")),
    await time(`its newest 50 checkpoints`, () =>
      threadHistory(core.saved, OWNER, "long", { limit: 50, values: false }),
    ),
    await time(`all ${items.length} checkpoints`, () => threadHistory(core.saved, OWNER, "long", page)),
    await time("its export", () => exportThread(core.saved, OWNER, "long")),
  ];
  if (values.json) console.log(JSON.stringify({ bench: "threads", results }));
  else console.table(results);
} finally {
  await core.close();
  await redis.stop();
}
