import type { Connection, Table } from "@lancedb/lancedb";
import type { Logger } from "pino";
import { z } from "zod";
import type { Embedder } from "../../knowledge/embedder.ts";
import { type KnowledgeIndex, StaleIndexError } from "../../ports/knowledge-index.ts";
import { connectTo, type Indexes } from "./connect.ts";
import { openDeletions } from "./deletions.ts";
import { createLanceKnowledgeIndex } from "./knowledge-index.ts";
import { tableSchema } from "./rows.ts";
import { columnOf, ensureColumn } from "./vector-column.ts";

export interface LanceSettings {
  /** A folder, or object storage (`s3://bucket/path`). */
  uri: string;
  embedder: Embedder;
  /** Before an embedder that has failed is asked again, in ms. */
  retryMs?: number;
  /** How long a search waits for the vector of what is looked for, in ms. */
  patienceMs?: number;
}

export const EVENTS_TABLE = "events";
const META = "index_meta";
/** Version of the rows' format; rows of before there were versions have none. */
const FORMAT = 2;
const meta = z.object({
  table: z.string(),
  embedder: z.string(),
  dimensions: z.number(),
  format: z.number().default(1),
});

/**
 * Opens the index of events, or makes it. One that another embedder has made is taken as it is: its events
 * are embedded anew in the background. The native library is loaded here and not before: without knowledge
 * nobody pays for it.
 *
 * @throws StaleIndexError when another version of this service has made it
 */
export async function openKnowledgeIndex(settings: LanceSettings, logger: Logger): Promise<KnowledgeIndex> {
  const { uri, embedder, ...patience } = settings;
  const { db, indexes } = await connectTo(uri);
  const recorded = await readMeta(db);
  if (recorded !== null && recorded.format !== FORMAT) {
    throw new StaleIndexError("was written by another version of Aura");
  }
  const name = recorded?.table ?? EVENTS_TABLE;
  // A table that is not recorded may be there, half made by a process that has died.
  const table = await (recorded === null ? createTable(db, indexes, name, embedder) : db.openTable(name));
  if (recorded === null) await writeMeta(db, name, embedder);
  const madeBy = recorded === null ? embedder : { ...recorded, name: recorded.embedder };
  const column = columnOf(embedder, madeBy);
  await ensureColumn(table, column, embedder.dimensions);
  const deletions = await openDeletions(db, indexes);
  return createLanceKnowledgeIndex({ table, deletions, indexes, embedder, column, logger, ...patience });
}

export async function createTable(
  db: Connection,
  indexes: Indexes,
  name: string,
  { dimensions }: Embedder,
): Promise<Table> {
  const table = await db.createEmptyTable(name, tableSchema(dimensions), { mode: "create", existOk: true });
  // It is given pieces of words (knowledge/words.ts), which are no language's.
  const config = indexes.fts({ baseTokenizer: "whitespace", stem: false, removeStopWords: false });
  await table.createIndex("pieces", { config });
  await table.createIndex("id", { config: indexes.btree() });
  await table.createIndex("audience", { config: indexes.bitmap() });
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
  await db.createTable(META, [{ table, embedder: name, dimensions, format: FORMAT }], { mode: "overwrite" });
}
