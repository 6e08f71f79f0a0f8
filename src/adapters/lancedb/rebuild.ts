import { embedTexts } from "../../knowledge/embed-texts.ts";
import type { Embedder } from "../../knowledge/embedder.ts";
import { connectTo } from "./connect.ts";
import { createTable, EVENTS_TABLE, readMeta, writeMeta } from "./open.ts";
import { COLUMNS, fromRow, toRow } from "./rows.ts";
import { FIRST } from "./vector-column.ts";
import { indexVectors } from "./vector-index.ts";

/** Rows that are embedded and written at a time. */
const BATCH = 500;

/**
 * Makes the index anew with another embedder: all rows are embedded again into a new table, which then takes
 * the place of the old one. Cut off in between, the old one stays as it is. Events that arrive meanwhile wait
 * in their queue, if the service is stopped, as it should be.
 *
 * @param onProgress told how many rows are done, of how many
 * @returns the number of rows
 */
export async function rebuildKnowledgeIndex(
  uri: string,
  embedder: Embedder,
  onProgress: (done: number, of: number) => void,
): Promise<number> {
  const { db, indexes } = await connectTo(uri);
  const recorded = await readMeta(db);
  const from = recorded?.table ?? EVENTS_TABLE;
  if (!(await db.tableNames()).includes(from)) return 0;
  const old = await db.openTable(from);
  const next = `${EVENTS_TABLE}_${Date.now()}`;
  const table = await createTable(db, indexes, next, embedder);
  const count = await old.countRows();
  let done = 0;
  for (let offset = 0; offset < count; offset += BATCH) {
    const rows = await old.query().select(COLUMNS).offset(offset).limit(BATCH).toArray();
    const events = rows.map((row) => fromRow(row));
    const vectors = await embedTexts(
      embedder,
      events.map(({ text }) => text),
    );
    await table.add(
      events.map((event, at) => ({
        ...toRow(event),
        [FIRST.vector]: vectors[at] ?? null,
        [FIRST.done]: true,
      })),
    );
    done += events.length;
    onProgress(done, count);
  }
  await indexVectors({ table, indexes, column: FIRST });
  await table.optimize();
  await writeMeta(db, next, embedder);
  await db.dropTable(from);
  return done;
}
