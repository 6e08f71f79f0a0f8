/**
 * What durable runs cost, redis backend, one machine, offline.
 *
 *   node bench/durable.ts [--suspended 10000] [--signals 300] [--streams 40] [--only suspended,signal,tokens] [--json]
 *
 * suspended: what the service's process holds for each run that waits for an approval, with no stream open.
 * signal: PUBLISH on hitl:channel to the first event of the resumed run, in the log and at an HTTP client, one run at a time.
 * tokens: an answer of 500 tokens through the service (POST to [DONE], no Gateway) against the same graph in process with
 * MemorySaver, in pairs that take turns in going first. The model is a scripted OpenAI server in a thread of its own.
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { pino } from "pino";
import { PENDING_KEY, QUEUE_NAME, QUEUE_PREFIX } from "../src/adapters/redis/keys.ts";
import { type ChatRequest, type StubReply, startOpenAiStub } from "../test/helpers/openai-stub.ts";
import { startRedis, type TestRedis } from "../test/helpers/redis.ts";
import { openStream } from "../test/helpers/sse-client.ts";

// Both before LangChain loads.
process.env.LANGCHAIN_CALLBACKS_BACKGROUND = "false";
process.env.LANGSMITH_TRACING = "false";

const PROMPT = "Send an email to kim@example.com with subject Hi saying hello";
const OWNER = { tenantId: "1", userId: "user123" };
const TOKENS = 500;
const WARM_UP = 20;
/** The first runs pay for what the process needs once: compiled code, scripts, shapes. */
const WARM_UP_SUSPENDED = 2_000;
/** The heap is steady when that many collections, a quarter of a second apart, have freed no more than that. */
const STEADY_ROUNDS = 24;
const STEADY_BYTES = 200_000;
const BATCH = 250;
/** After that the suspended runs that there are have to do. */
const SUSPEND_BUDGET_MS = 120_000;

const { values } = parseArgs({
  options: {
    suspended: { type: "string", default: "10000" },
    signals: { type: "string", default: "300" },
    streams: { type: "string", default: "40" },
    only: { type: "string", default: "suspended,signal,tokens" },
    json: { type: "boolean", default: false },
  },
});

type Row = Record<string, string | number>;

const round = (value: number, digits = 2) => Number(value.toFixed(digits));

function quantiles(samples: readonly number[]): { p50: number; p99: number } {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (q: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0);
  return { p50: at(0.5), p99: at(0.99) };
}

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await delay(20);
}

/** The service without its HTTP side, on this Redis. */
async function startCore(redis: TestRedis, env: NodeJS.ProcessEnv = {}) {
  const [{ compose }, { loadConfig }, { JWT_SECRET }] = await Promise.all([
    import("../src/compose.ts"),
    import("../src/config.ts"),
    import("../test/helpers/stack.ts"),
  ]);
  const address = { REDIS_HOST: redis.host, REDIS_PORT: `${redis.port}` };
  const config = loadConfig({ JWT_SECRET, ...address, AURA_KNOWLEDGE: "off", ...env });
  const core = await compose(config, { logger: pino({ level: "silent" }) });
  await core.ready();
  return core;
}

type Core = Awaited<ReturnType<typeof startCore>>;

function suspend(core: Core, threadId: string) {
  return core.start({
    owner: OWNER,
    threadId,
    prompt: PROMPT,
    context: {},
    language: "en",
    traceId: "bench",
  });
}

function counted(resources: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of resources) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

async function suspendedRuns(wanted: number): Promise<Row[]> {
  setFlagsFromString("--expose-gc");
  const gc: () => void = runInNewContext("gc");
  const redis = await startRedis();
  // Longer than the bench: nothing expires meanwhile. The sweep runs as it does in service.
  const core = await startCore(redis, { AURA_APPROVAL_TTL: "86400" });
  const client = redis.client();
  let suspended = 0;
  const fill = async (total: number, deadline: number) => {
    while (suspended < total && performance.now() < deadline) {
      const size = Math.min(BATCH, total - suspended);
      await Promise.all(Array.from({ length: size }, (_, n) => suspend(core, `waiting-${suspended + n}`)));
      suspended += size;
      await until(async () => (await client.zcard(PENDING_KEY)) === suspended);
    }
    const jobs = `${QUEUE_PREFIX}:${QUEUE_NAME}`;
    await until(
      async () => (await client.llen(`${jobs}:active`)) + (await client.llen(`${jobs}:wait`)) === 0,
    );
  };
  /** What is left when nothing more goes away: what a run has used for a moment is not what it costs. */
  const settled = async () => {
    let heap = Number.POSITIVE_INFINITY;
    for (let sinceLess = 0; sinceLess < STEADY_ROUNDS; sinceLess += 1) {
      await delay(250);
      gc();
      const used = process.memoryUsage().heapUsed;
      if (used < heap - STEADY_BYTES) sinceLess = 0;
      heap = Math.min(heap, used);
    }
    return { heap, rss: process.memoryUsage().rss, resources: counted(process.getActiveResourcesInfo()) };
  };
  try {
    await fill(WARM_UP_SUSPENDED, Number.POSITIVE_INFINITY);
    const before = await settled();
    const began = performance.now();
    await fill(WARM_UP_SUSPENDED + wanted, began + SUSPEND_BUDGET_MS);
    const seconds = (performance.now() - began) / 1000;
    const after = await settled();
    const runs = suspended - WARM_UP_SUSPENDED;
    const types = new Set([...before.resources.keys(), ...after.resources.keys()]);
    return [
      { measure: "runs suspended", value: runs, unit: runs < wanted ? `of ${wanted}: out of time` : "runs" },
      { measure: "suspended per second", value: round(runs / seconds, 0), unit: "1/s" },
      {
        measure: "heap per suspended run",
        value: round((after.heap - before.heap) / runs, 0),
        unit: "bytes",
      },
      { measure: "heap before", value: round(before.heap / 2 ** 20, 1), unit: "MiB" },
      { measure: "heap after", value: round(after.heap / 2 ** 20, 1), unit: "MiB" },
      { measure: "rss per suspended run", value: round((after.rss - before.rss) / runs, 0), unit: "bytes" },
      ...[...types].toSorted().map((type) => ({
        measure: `${type} before -> after`,
        value: `${before.resources.get(type) ?? 0} -> ${after.resources.get(type) ?? 0}`,
        unit: "open",
      })),
    ];
  } finally {
    await core.close();
    await redis.stop();
  }
}

const approvalOf = (requestId: string) =>
  JSON.stringify({ type: "approval", requestId, status: "approved", timestamp: 1706152860 });

/** PUBLISH to the event's being in the log, as a watcher in the service learns it. */
async function signalToLog(rounds: number): Promise<number[]> {
  const { createMailbox } = await import("../devstack/mailbox.ts");
  const redis = await startRedis();
  const mailbox = await createMailbox({ port: 0 });
  const core = await startCore(redis, { SMTP_URL: mailbox.url });
  const client = redis.client();
  const { eventLog, approvals, threads } = core.backend;
  const samples: number[] = [];
  try {
    for (let round = 0; round < rounds + WARM_UP; round += 1) {
      const threadId = `signal-${round}`;
      const { runId } = await suspend(core, threadId);
      let seen = 0;
      const noted: { resumed?: () => void } = {};
      const stop = await eventLog.watch(runId, () => noted.resumed?.());
      await until(async () => (await threads.run(runId))?.status === "waiting");
      // The last event before the pause is the approval's own.
      await until(async () => {
        const { events } = await eventLog.read(runId, 0, 1_000);
        seen = events.length;
        return events.at(-1)?.event.type === "hitl";
      });
      const [approval] = await approvals.unfinished(threadId);
      if (approval === undefined) throw new Error("nothing waits");
      const resumed = new Promise<void>((resolve) => {
        noted.resumed = () => {
          void eventLog.tail(runId).then(({ lastSeq }) => {
            if (lastSeq > seen) resolve();
          });
        };
      });
      const published = performance.now();
      await client.publish(`hitl:channel:${threadId}`, approvalOf(approval.requestId));
      await resumed;
      if (round >= WARM_UP) samples.push(performance.now() - published);
      await until(async () => (await eventLog.tail(runId)).closed);
      await stop();
    }
    return samples;
  } finally {
    await core.close();
    await mailbox.close();
    await redis.stop();
  }
}

/** PUBLISH to the event's arrival at a client of the service. */
async function signalToClient(rounds: number): Promise<number[]> {
  const { headersOf, startStack } = await import("../test/helpers/stack.ts");
  const stack = await startStack({ backend: "redis", aura: { logger: pino({ level: "silent" }) } });
  const headers = await headersOf();
  const samples: number[] = [];
  try {
    for (let round = 0; round < rounds + WARM_UP; round += 1) {
      const threadId = `signal-${round}`;
      const body = JSON.stringify({ prompt: PROMPT, threadId });
      const stream = await openStream(`${stack.aura.url}/aura/test/stream`, {
        method: "POST",
        headers,
        body,
      });
      const hitl = await stream.event("hitl");
      const seen = stream.frames.length;
      const published = performance.now();
      void stack.publish(`hitl:channel:${threadId}`, approvalOf(hitl.requestId));
      await stream.first((frame) => frame.event !== undefined && stream.frames.indexOf(frame) >= seen);
      if (round >= WARM_UP) samples.push(performance.now() - published);
      await stream.ended;
    }
    return samples;
  } finally {
    await stack.close();
  }
}

async function signals(rounds: number): Promise<Row[]> {
  const toLog = await signalToLog(rounds);
  const toClient = await signalToClient(rounds);
  return [
    { measure: "signal -> first event in the log", ...quantiles(toLog), unit: "ms", rounds },
    { measure: "signal -> first event at the client", ...quantiles(toClient), unit: "ms", rounds },
  ];
}

function answer(request: ChatRequest): StubReply {
  if (request.tools === undefined) {
    return { text: JSON.stringify({ steps: [{ title: "Tell", description: "Tell", confidence: 0.9 }] }) };
  }
  return { text: Array.from({ length: TOKENS }, (_, n) => `token${n} `) };
}

/** The scripted server, in a thread of its own. */
async function serveModel(): Promise<void> {
  const stub = await startOpenAiStub([], { always: answer });
  parentPort?.postMessage(stub.url);
}

async function tokens(rounds: number): Promise<Row[]> {
  const model = new Worker(new URL(import.meta.url));
  const url = await new Promise<string>((resolve, reject) => {
    model.once("message", resolve);
    model.once("error", reject);
  });
  const [{ MemorySaver }, { buildGraph }, { createModel }, { runInput }, { defaultTools }, stacks] =
    await Promise.all([
      import("@langchain/langgraph"),
      import("../graphs/aura/build.ts"),
      import("../graphs/create-model.ts"),
      import("../graphs/state/state.ts"),
      import("../tools/registry.ts"),
      import("../test/helpers/stack.ts"),
    ]);
  const graph = buildGraph({
    model: createModel({ model: "gpt-5.5", apiKey: "key", baseUrl: url }),
    tools: defaultTools({ mail: { smtpUrl: undefined, from: "aura@dwp.local" } }),
    checkpointer: new MemorySaver(),
  });
  const stack = await stacks.startStack({
    backend: "redis",
    env: { OPENAI_BASE_URL: url, OPENAI_API_KEY: "key" },
    aura: { logger: pino({ level: "silent" }) },
  });
  const headers = await stacks.headersOf();
  const last = `token${TOKENS - 1} `;

  const inProcess = async (name: string) => {
    const input = runInput({ prompt: "tell me", context: {}, language: "en", runId: `run-${name}` });
    const config = { configurable: { thread_id: name, tenantId: "1", userId: "user123" } };
    let text = "";
    for await (const chunk of await graph.stream(input, { ...config, streamMode: "custom" })) {
      const event = chunk as { type?: string; content?: string };
      if (event.type === "content") text += event.content;
    }
    if (!text.endsWith(last)) throw new Error("the graph has not said everything");
  };
  const throughService = async (threadId: string) => {
    const response = await fetch(`${stack.aura.url}/aura/test/stream`, {
      method: "POST",
      headers,
      body: JSON.stringify({ prompt: "tell me", threadId }),
    });
    const text = await response.text();
    if (!text.includes(last) || !text.endsWith("data: [DONE]\n\n"))
      throw new Error(`cut: ${text.slice(-300)}`);
  };
  const sides = { inProcess, throughService };
  const times = { inProcess: [] as number[], throughService: [] as number[] };
  const ratios: number[] = [];
  try {
    for (let pair = 0; pair < rounds + 5; pair += 1) {
      const took = { inProcess: 0, throughService: 0 };
      const order =
        pair % 2 === 0
          ? (["inProcess", "throughService"] as const)
          : (["throughService", "inProcess"] as const);
      for (const side of order) {
        const began = performance.now();
        await sides[side](`tokens-${pair}`);
        took[side] = performance.now() - began;
      }
      if (pair < 5) continue;
      times.inProcess.push(took.inProcess);
      times.throughService.push(took.throughService);
      ratios.push(took.throughService / took.inProcess);
    }
  } finally {
    await stack.close();
    await model.terminate();
  }
  return [
    { measure: `${TOKENS} tokens in process`, ...quantiles(times.inProcess), unit: "ms", rounds },
    {
      measure: `${TOKENS} tokens through the service`,
      ...quantiles(times.throughService),
      unit: "ms",
      rounds,
    },
    { measure: "ratio of the pairs", ...quantiles(ratios), unit: "x", rounds },
  ];
}

async function main(): Promise<void> {
  const only = values.only.split(",");
  const results: Row[] = [];
  if (only.includes("suspended")) results.push(...(await suspendedRuns(Number(values.suspended))));
  if (only.includes("signal")) results.push(...(await signals(Number(values.signals))));
  if (only.includes("tokens")) results.push(...(await tokens(Number(values.streams))));
  if (values.json) console.log(JSON.stringify({ bench: "durable", results }));
  else console.table(results);
}

await (isMainThread ? main() : serveModel());
