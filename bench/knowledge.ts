/**
 * Domain events, redis backend, LanceDB in a folder, local embedder: how long from published to searchable, how many a second, what a burst
 * does to a chat, and how fast and how completely a large index is searched. `node bench/knowledge.ts [--rows 100000] [--only flow|search] [--json]`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Table } from "@lancedb/lancedb";
import { pino } from "pino";
import type { KnowledgeIndex } from "../src/ports/knowledge-index.ts";
import type { KnowledgeEvent } from "../src/records/domain-event.ts";
import { startPublisher } from "./burst-publisher.ts";
import { words } from "./knowledge-words.ts";

// Before LangChain loads.
process.env.LANGCHAIN_CALLBACKS_BACKGROUND = "false";
process.env.LANGSMITH_TRACING = "false";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "100000" },
    only: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const TENANTS = 50;
const BURST = 5_000;
const BURSTS = 5;
const SUSTAINED = { perSecond: 500, seconds: 20 };
const QUERIES = 100;
const logger = pino({ level: "silent" });

const [
  { chat, startStack },
  { createHashingEmbedder },
  lance,
  { connectTo },
  { openDeletions },
  { createLanceKnowledgeIndex },
  { FIRST },
] = await Promise.all([
  import("../test/helpers/stack.ts"),
  import("../src/knowledge/embedder.ts"),
  import("../src/adapters/lancedb/open.ts"),
  import("../src/adapters/lancedb/connect.ts"),
  import("../src/adapters/lancedb/deletions.ts"),
  import("../src/adapters/lancedb/knowledge-index.ts"),
  import("../src/adapters/lancedb/vector-column.ts"),
]);
const embedder = createHashingEmbedder();
const folder = mkdtempSync(join(tmpdir(), "aura-bench-"));
const results: Record<string, string | number>[] = [];

const quantile = (samples: number[], q: number) => {
  const sorted = samples.toSorted((a, b) => a - b);
  return Number((sorted[Math.floor(q * (sorted.length - 1))] ?? 0).toFixed(1));
};
const rssMb = () => Math.round(process.memoryUsage.rss() / 1e6);

function report(measure: string, value: string | number, unit: string): void {
  results.push({ measure, value, unit });
}

/** As the mail service publishes it. */
const message = (n: number | "@N") =>
  JSON.stringify({
    ...{ eventId: `e-${n}`, eventType: "MailReceivedEvent", tenantId: "tenant1", userId: "user123" },
    ...{ timestamp: "2026-11-25T10:00:00", mailId: `m-${n}`, subject: `${words(Number(n) || 0, 6)} ${n}` },
  });

/** The service around a real index, which tells when an event has become searchable. */
async function service() {
  const waiting = new Map<string, () => void>();
  let rows = 0;
  const openIndex = async (): Promise<KnowledgeIndex> => {
    const index = await lance.openKnowledgeIndex({ uri: join(folder, "service"), embedder }, logger);
    return {
      ...index,
      async upsert(events) {
        await index.upsert(events);
        rows += events.length;
        for (const { eventId } of events) waiting.get(eventId)?.();
      },
    };
  };
  const stack = await startStack({ backend: "redis", env: { LOG_LEVEL: "silent" }, aura: { openIndex } });
  const searchable = (eventId: string) => new Promise<void>((resolve) => waiting.set(eventId, resolve));
  return { stack, searchable, rows: () => rows };
}

type Service = Awaited<ReturnType<typeof service>>;

async function idle({ stack, searchable }: Service): Promise<void> {
  const samples: number[] = [];
  for (let n = 0; n < 110; n += 1) {
    const done = searchable(`e-${n}`);
    const began = performance.now();
    await stack.publish("dwp:events:mail", message(n));
    await done;
    if (n >= 10) samples.push(performance.now() - began);
  }
  report("published -> searchable, idle, p50", quantile(samples, 0.5), "ms");
  report("published -> searchable, idle, p99", quantile(samples, 0.99), "ms");
}

async function sustained({ stack, searchable, rows }: Service): Promise<void> {
  const { perSecond, seconds } = SUSTAINED;
  const [first, total] = [1_000, perSecond * seconds];
  const before = rows();
  const last = searchable(`e-${first + total - 1}`);
  const began = performance.now();
  for (let n = 0; n < total; n += 1) {
    const ahead = (n / perSecond) * 1000 - (performance.now() - began);
    if (ahead > 1) await delay(ahead);
    await stack.publish("dwp:events:mail", message(first + n));
  }
  const published = performance.now();
  await last;
  report(`${perSecond} events/s for ${seconds} s: indexed`, rows() - before, `of ${total}`);
  report("the last is searchable after its publication", Math.round(performance.now() - published), "ms");
}

/** POST to `[DONE]` of a prompt that needs no approval, one after another for as long as `going` holds. */
async function chatting({ stack }: Service, going: (chats: number) => boolean): Promise<number[]> {
  const samples: number[] = [];
  while (going(samples.length)) {
    const began = performance.now();
    await (await chat(stack, { prompt: "What time is it in Seoul?" })).ended;
    samples.push(performance.now() - began);
  }
  return samples;
}

async function burst(running: Service): Promise<void> {
  const table = await (await connectTo(join(folder, "service"))).db.openTable(lance.EVENTS_TABLE);
  const { stack, searchable, rows } = running;
  await chatting(running, (chats) => chats < 20);
  const quiet: number[] = [];
  const before = rows();
  const publisher = startPublisher(stack.redis?.port ?? 0);
  await publisher.ready;
  const during: number[] = [];
  const took: number[] = [];
  for (let round = 0; round < BURSTS; round += 1) {
    const first = 100_000 + round * BURST;
    const last = searchable(`e-${first + BURST - 1}`);
    await publisher.prepare(message("@N"), first, BURST);
    // In between, as the machine's own pace changes, and not beside the upkeep of what the last burst left.
    while (!(await isIndexed(table, 0))) await delay(250);
    quiet.push(...(await chatting(running, (chats) => chats < 100)));
    const began = performance.now();
    let over = false;
    const indexed = last.then(() => {
      over = true;
      took.push(performance.now() - began);
    });
    const busy = chatting(running, () => !over);
    await publisher.burst();
    await indexed;
    during.push(...(await busy));
  }
  await publisher.close();
  table.close();
  report(`${BURSTS} bursts of ${BURST} events: indexed`, rows() - before, `of ${BURSTS * BURST}`);
  report("a burst: all searchable after, p50", quantile(took, 0.5), "ms");
  for (const q of [0.5, 0.99]) {
    const [calm, loud] = [quantile(quiet, q), quantile(during, q)];
    report(`chat p${q * 100}: idle, in bursts (${during.length} chats)`, `${calm}, ${loud}`, "ms");
  }
}

async function fill(index: KnowledgeIndex, count: number): Promise<void> {
  const size = 1_000;
  for (let from = 0; from < count; from += size) {
    const events = Array.from({ length: Math.min(size, count - from) }, (_, at): KnowledgeEvent => {
      const n = from + at;
      const owner = { tenantId: `tenant${n % TENANTS}`, userId: "user1" };
      const payload = { subject: words(n, 6) };
      return {
        eventId: `e-${n}`,
        eventType: "ApprovalCreatedEvent",
        ...owner,
        at: n,
        text: words(n, 20),
        payload,
      };
    });
    await index.upsert(events);
  }
}

/** The upkeep has caught up: all but the last rows are in every index. */
async function isIndexed(table: Table, rows: number): Promise<boolean> {
  const all = await table.listIndices();
  const hasVectors = all.some(({ indexType }) => indexType === "IvfRq");
  return (hasVectors || rows < 50_000) && all.every((index) => (index.numUnindexedRows ?? 0) < 100);
}

async function search(): Promise<void> {
  const settings = { uri: join(folder, "large"), embedder };
  const filling = await lance.openKnowledgeIndex(settings, logger);
  const began = performance.now();
  await fill(filling, Number(values.rows));
  const { db, indexes } = await connectTo(settings.uri);
  const table = await db.openTable(lance.EVENTS_TABLE);
  while (!(await isIndexed(table, Number(values.rows)))) await delay(500);
  await filling.close();
  report(`${values.rows} rows written and indexed`, Math.round((performance.now() - began) / 1000), "s");
  const deletions = await openDeletions(db, indexes);
  const parts = { table, deletions, indexes, embedder, column: FIRST, logger };
  const [index, exact] = [
    createLanceKnowledgeIndex(parts),
    createLanceKnowledgeIndex({ ...parts, exact: true }),
  ];
  const ask = (of: KnowledgeIndex, n: number) =>
    of.search(
      { tenantId: `tenant${n % TENANTS}`, userId: "user1" },
      { text: words(n * 53 + 7, 3), limit: 10 },
    );
  const samples: number[] = [];
  const answers: string[][] = [];
  for (let n = 0; n < QUERIES + 5; n += 1) {
    const started = performance.now();
    const answer = await ask(index, n);
    if (n >= 5) samples.push(performance.now() - started);
    answers.push(answer.events.map(({ eventId }) => eventId));
  }
  let found = 0;
  let wanted = 0;
  for (const [n, answer] of answers.entries()) {
    const best = new Set((await ask(exact, n)).events.map(({ eventId }) => eventId));
    wanted += best.size;
    found += answer.filter((eventId) => best.has(eventId)).length;
  }
  const kinds = (await table.listIndices()).map(({ indexType }) => indexType).join(" ");
  report(`search of ${values.rows} rows, ${TENANTS} tenants, p50 (${kinds})`, quantile(samples, 0.5), "ms");
  report("search p99", quantile(samples, 0.99), "ms");
  report("recall@10 against exact search", Number((found / wanted).toFixed(3)), "");
}

try {
  const running = await service();
  if (values.only !== "search") {
    await idle(running);
    await burst(running);
    await sustained(running);
  }
  report("RSS of the whole stack in one process", rssMb(), "MB");
  await running.stack.close();
  if (values.only !== "flow") await search();
  report("RSS after the search", rssMb(), "MB");
  if (values.json) console.log(JSON.stringify({ bench: "knowledge", results }));
  else console.table(results);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
