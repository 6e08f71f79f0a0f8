/**
 * RedisCheckpointer against MemorySaver, turn by turn in one process.
 *
 *   node bench/saver.ts [--threads 1000,10000,100000] [--rounds 60] [--json]
 */
import { parseArgs } from "node:util";
import { RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import {
  type BaseCheckpointSaver,
  emptyCheckpoint,
  MemorySaver,
  uuid6,
} from "@langchain/langgraph-checkpoint";
import type { Redis } from "ioredis";
import { startRedis, type TestRedis } from "../test/helpers/redis.ts";
import { conversation, shortThread, steppingGraph } from "./saver-graphs.ts";

const { values: options } = parseArgs({
  options: {
    threads: { type: "string", default: "1000,10000,100000" },
    rounds: { type: "string", default: "60" },
    messages: { type: "string", default: "50" },
    json: { type: "boolean", default: false },
  },
});
const ROUNDS = Number(options.rounds);
const STEPS = 8;

type Samples = number[];
interface Measured {
  p50: number;
  p99: number;
}

function measured(samples: Samples): Measured {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function timed(samples: Samples, action: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await action();
  samples.push(performance.now() - begun);
}

/** Threads that are there and never looked at. */
async function fill(saver: RedisCheckpointer, threads: number): Promise<void> {
  const messages = conversation(3);
  const metadata = { source: "loop" as const, step: 1, parents: {} };
  for (let first = 0; first < threads; first += 200) {
    const batch = Array.from({ length: Math.min(200, threads - first) }, async (_, n) => {
      const config = { configurable: { thread_id: `filler ${first + n}` } };
      const version = { messages: saver.getNextVersion(undefined) };
      const checkpoint = {
        ...emptyCheckpoint(),
        id: uuid6(1),
        channel_values: { messages },
        channel_versions: version,
      };
      await saver.put(config, checkpoint, metadata, version);
    });
    await Promise.all(batch);
  }
}

/** The time from one superstep's beginning to the next, in a thread with a history. */
async function supersteps(saver: BaseCheckpointSaver, thread_id: string, samples: Samples): Promise<void> {
  let last: number | undefined;
  const graph = steppingGraph(saver, () => {
    const now = performance.now();
    if (last !== undefined) samples.push(now - last);
    last = now;
  });
  const input = { messages: conversation(Number(options.messages)), left: STEPS };
  await graph.invoke(input, { configurable: { thread_id }, durability: "sync" });
}

/** A saver with its samples; `redis` and `threads` are those of its server. */
interface Contender {
  saver: BaseCheckpointSaver;
  redis?: Redis;
  threads: number;
  step: Samples;
  get: Samples;
  ping: Samples;
}

const contender = (saver: BaseCheckpointSaver, threads: number, redis?: Redis): Contender => {
  return { saver, threads, step: [], get: [], ping: [], ...(redis === undefined ? {} : { redis }) };
};

/** All contenders take turns, the order rotating: what disturbs the machine disturbs them alike. */
async function compete(contenders: Contender[]): Promise<void> {
  for (let round = -5; round < ROUNDS; round += 1) {
    const thread_id = `measured ${round}`;
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const current = contenders[(turn + Math.abs(round)) % contenders.length];
      if (current === undefined) continue;
      const { saver, redis, step, get, ping } =
        round < 0 ? { ...current, step: [], get: [], ping: [] } : current;
      await supersteps(saver, thread_id, step);
      for (let n = 0; n < 10; n += 1) {
        await timed(get, () => saver.getTuple({ configurable: { thread_id } }));
        if (redis !== undefined) await timed(ping, () => redis.ping());
      }
      await saver.deleteThread(thread_id);
    }
  }
}

async function footprint(redis: Redis, saver: RedisCheckpointer) {
  const keysBefore = await redis.dbsize();
  await shortThread(saver, "short");
  const bytes = Number(await redis.memory("USAGE", "langgraph:thread:short", "SAMPLES", 0));
  const keys = (await redis.dbsize()) - keysBefore;
  const checkpoints: unknown[] = [];
  for await (const tuple of saver.list({ configurable: { thread_id: "short" } })) checkpoints.push(tuple);
  return { bytes, keys, checkpoints: checkpoints.length };
}

/** What the client sends while a graph makes so many supersteps more. */
async function commandsPerSuperstep(redis: Redis, saver: RedisCheckpointer) {
  const send = redis.sendCommand.bind(redis);
  let sent = 0;
  redis.sendCommand = (...args) => {
    sent += 1;
    return send(...args);
  };
  const counts: number[] = [];
  for (const left of [1, 11]) {
    sent = 0;
    await steppingGraph(saver, () => {}).invoke(
      { messages: [], left },
      { configurable: { thread_id: `count ${left}` } },
    );
    counts.push(sent);
  }
  redis.sendCommand = send;
  const [one = 0, eleven = 0] = counts;
  return (eleven - one) / 10;
}

/** The newest 20 of a thread of 1,000 checkpoints, in its namespace and in all. */
async function listing(saver: RedisCheckpointer) {
  let config: { configurable?: Record<string, unknown> } = { configurable: { thread_id: "long" } };
  for (let n = 0; n < 1000; n += 1) {
    const version = { messages: saver.getNextVersion(n) };
    const values = { messages: conversation(3) };
    const checkpoint = {
      ...emptyCheckpoint(),
      id: uuid6(n),
      channel_values: values,
      channel_versions: version,
    };
    config = await saver.put(config, checkpoint, { source: "loop", step: n, parents: {} }, version);
  }
  const samples: [Samples, Samples] = [[], []];
  const all = { configurable: { thread_id: "long" } };
  const inNamespace = { configurable: { thread_id: "long", checkpoint_ns: "" } };
  for (let round = 0; round < 100; round += 1) {
    await timed(samples[0], () => drain(saver.list(inNamespace, { limit: 20 })));
    await timed(samples[1], () => drain(saver.list(all, { limit: 20 })));
  }
  return samples.map(measured);
}

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  while (!(await iterator.next()).done);
}

const servers: TestRedis[] = [];
try {
  const contenders = [contender(new MemorySaver(), 0)];
  for (const threads of options.threads.split(",").map(Number)) {
    const server = await startRedis({ appendOnly: true });
    servers.push(server);
    const redis = server.client();
    const saver = new RedisCheckpointer(redis);
    await fill(saver, threads);
    contenders.push(contender(saver, threads, redis));
  }
  await compete(contenders);

  const redis = servers[0]?.client();
  if (redis === undefined) throw new Error("--threads must name at least one population");
  const saver = new RedisCheckpointer(redis);
  const result = {
    rows: contenders.map(({ threads, step, get, ping }) => ({
      threads,
      superstep: measured(step),
      getTuple: measured(get),
      ping: measured(ping),
    })),
    footprint: await footprint(redis, saver),
    commandsPerSuperstep: await commandsPerSuperstep(redis, saver),
    list20of1000: await listing(saver),
  };
  if (options.json) console.log(JSON.stringify(result));
  else print(result);
} finally {
  await Promise.all(servers.map((server) => server.stop()));
}

function print({ rows, footprint, commandsPerSuperstep, list20of1000 }: any): void {
  const ms = ({ p50, p99 }: Measured) => `${p50.toFixed(2)} / ${p99.toFixed(2)}`;
  const [memory, smallest] = rows;
  console.log(
    `ms, p50 / p99: ${ROUNDS} x ${STEPS} supersteps on ${options.messages}+ messages, durability sync`,
  );
  console.table(
    rows.map((row: any) => ({
      saver: row === memory ? "MemorySaver" : `Redis, ${row.threads} threads`,
      superstep: ms(row.superstep),
      "x MemorySaver": (row.superstep.p50 / memory.superstep.p50).toFixed(2),
      "x smallest": row === memory ? "" : (row.superstep.p50 / smallest.superstep.p50).toFixed(2),
      getTuple: ms(row.getTuple),
      "getTuple x smallest": row === memory ? "" : (row.getTuple.p50 / smallest.getTuple.p50).toFixed(2),
      PING: row === memory ? "" : ms(row.ping),
    })),
  );
  const { bytes, keys, checkpoints } = footprint;
  console.log(`a thread of 3 short messages, ${checkpoints} checkpoints: ${bytes} bytes in ${keys} key(s)`);
  console.log(`commands per superstep: ${commandsPerSuperstep}`);
  const [inOne, inAll] = list20of1000.map(ms);
  console.log(`newest 20 of 1,000 checkpoints: ${inOne} ms; of all namespaces: ${inAll} ms`);
}
