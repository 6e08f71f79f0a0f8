import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Connection, Table } from "@lancedb/lancedb";
import type { Logger } from "pino";
import { z } from "zod";
import type { Embedder } from "../../knowledge/embedder.ts";
import type { KnowledgeIndex } from "../../ports/knowledge-index.ts";
import { createLanceKnowledgeIndex } from "./knowledge-index.ts";
import { tableSchema } from "./rows.ts";

/** The index was made by another embedder: its vectors and ours cannot be compared. */
export class KnowledgeEmbedderError extends Error {
  constructor(recorded: string, asked: string) {
    super(
      `the index of events was made with ${recorded}, and ${asked} is configured: run "npm run aura -- knowledge rebuild", or configure ${recorded} again`,
    );
    this.name = "KnowledgeEmbedderError";
  }
}

export interface LanceSettings {
  /** A folder, or object storage (`s3://bucket/path`). */
  uri: string;
  embedder: Embedder;
}

export const EVENTS = "events";
const MIN_THREADS = 4;
const META = "index_meta";
const meta = z.object({ table: z.string(), embedder: z.string(), dimensions: z.number() });

/**
 * Opens the index of events, or makes it. The native library is loaded here and not before: without knowledge nobody pays for it.
 *
 * @throws KnowledgeEmbedderError when another embedder has made it
 */
export async function openKnowledgeIndex(
  { uri, embedder }: LanceSettings,
  logger: Logger,
): Promise<KnowledgeIndex> {
  const { db, indexes } = await connectTo(uri);
  const recorded = await readMeta(db);
  if (recorded !== null && !isSame(recorded, embedder)) {
    throw new KnowledgeEmbedderError(
      nameOf(recorded.embedder, recorded.dimensions),
      nameOf(embedder.name, embedder.dimensions),
    );
  }
  const name = recorded?.table ?? EVENTS;
  const table = (await db.tableNames()).includes(name)
    ? await db.openTable(name)
    : await createTable(db, indexes, name, embedder);
  if (recorded === null) await writeMeta(db, name, embedder);
  return createLanceKnowledgeIndex({ table, indexes, embedder, logger });
}

export type Indexes = typeof import("@lancedb/lancedb").Index;

export async function connectTo(uri: string): Promise<{ db: Connection; indexes: Indexes }> {
  useEnoughThreads();
  // The library tells on stderr, line by line, of every file that it makes.
  process.env.LANCEDB_LOG ??= "error";
  process.env.RUST_LOG ??= "error";
  if (!uri.includes("://")) mkdirSync(uri, { recursive: true });
  const { connect, Index } = await import("@lancedb/lancedb");
  // Other processes write too: every read looks for their newest version.
  return { db: await connect(uri, { readConsistencyInterval: 0 }), indexes: Index };
}

/**
 * LanceDB's pool of threads for computing has as many as the machine has cores, less two, but its work waits for other work of the same
 * pool: with one thread, writing beside the upkeep stops for good. Read when the library is loaded.
 */
function useEnoughThreads(): void {
  process.env.LANCE_CPU_THREADS ??= String(Math.max(MIN_THREADS, availableParallelism() - 2));
}

export async function createTable(
  db: Connection,
  indexes: Indexes,
  name: string,
  { dimensions }: Embedder,
): Promise<Table> {
  const table = await db.createEmptyTable(name, tableSchema(dimensions), { mode: "create", existOk: true });
  // Pieces of two and three characters: Korean words are found without their endings.
  const words = indexes.fts({
    baseTokenizer: "ngram",
    ngramMinLength: 2,
    ngramMaxLength: 3,
    stem: false,
    removeStopWords: false,
  });
  await table.createIndex("text", { config: words });
  await table.createIndex("id", { config: indexes.btree() });
  await table.createIndex("tenantId", { config: indexes.bitmap() });
  return table;
}

export async function readMeta(db: Connection): Promise<z.infer<typeof meta> | null> {
  if (!(await db.tableNames()).includes(META)) return null;
  const table = await db.openTable(META);
  const [row] = await table.query().limit(1).toArray();
  return row === undefined ? null : meta.parse({ ...row });
}

/** In one step: a reader sees the old table or the new one. */
export async function writeMeta(
  db: Connection,
  table: string,
  { name, dimensions }: Embedder,
): Promise<void> {
  await db.createTable(META, [{ table, embedder: name, dimensions }], { mode: "overwrite" });
}

function isSame(recorded: { embedder: string; dimensions: number }, embedder: Embedder): boolean {
  return recorded.embedder === embedder.name && recorded.dimensions === embedder.dimensions;
}

function nameOf(name: string, dimensions: number): string {
  return `${name} (${dimensions} dimensions)`;
}
