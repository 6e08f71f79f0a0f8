import type { Table } from "@lancedb/lancedb";
import type { Logger } from "pino";
import type { Embedder } from "../../knowledge/embedder.ts";
import { watchEmbedder } from "../../knowledge/watch-embedder.ts";
import type {
  FoundEvent,
  KnowledgeDocument,
  KnowledgeIndex,
  KnowledgeQuery,
} from "../../ports/knowledge-index.ts";
import type { KnowledgeEvent } from "../../records/domain-event.ts";
import type { Owner } from "../../records/run.ts";
import { createCatchUp } from "./catch-up.ts";
import type { Deletions } from "./deletions.ts";
import { SHOWN, sqlString, toFound, toRow } from "./rows.ts";
import { type SearchParts, searchRows, visibleTo } from "./search.ts";
import { createUpkeep } from "./upkeep.ts";
import { isLeft, noVectors } from "./vector-column.ts";
import { type IndexedTable, indexVectors } from "./vector-index.ts";

/** The column is the embedder's. */
export interface IndexParts extends IndexedTable, Pick<SearchParts, "exact" | "patienceMs"> {
  deletions: Deletions;
  embedder: Embedder;
  logger: Logger;
  /** Before an embedder that has failed is asked again, in ms. */
  retryMs?: number;
}

/**
 * Domain events in one LanceDB table. Writes are one after another: LanceDB retries conflicts with other
 * processes. An event is written with its words at once; vectors that an embedder outside of this process
 * makes are added afterwards, when there are any.
 */
export function createLanceKnowledgeIndex(parts: IndexParts): KnowledgeIndex {
  const { table, deletions, column, logger } = parts;
  const embedder = watchEmbedder(parts.embedder, logger);
  const upkeep = createUpkeep(table, logger, async () => {
    if (await indexVectors(parts)) logger.info("the vectors of the index of events are indexed anew");
  });
  const deletionsUpkeep = createUpkeep(deletions.table, logger);
  const { inTurn, isDone } = createTurn();
  const catchUp = createCatchUp({ ...parts, embedder, inTurn, onWritten: upkeep.written });

  const vectorsFor = async (events: readonly KnowledgeEvent[]) =>
    embedder.isLocal ? embedder.embed(events.map(({ text }) => text)) : [];

  return {
    async upsert(given) {
      const events = newestOf(given);
      if (events.length === 0) return;
      const vectors = await vectorsFor(events);
      await inTurn(async () => {
        // Written anew, so that no vector of what the event said before stays.
        const none = await noVectors(table);
        const rows = events.map((event, at) => {
          const vector = vectors[at] ?? null;
          return { ...toRow(event), ...none, [column.vector]: vector, [column.done]: vector !== null };
        });
        await table
          .mergeInsert("id")
          .whenMatchedUpdateAll({ where: "target.at <= source.at" })
          .whenNotMatchedInsertAll()
          .execute(rows);
        // Looked up after the write, as a deletion is recorded before it deletes: of two processes one sees
        // the other's.
        const gone = (await deletions.of(events)).map((each) => `(${rowsOf(each)} AND at <= ${each.at})`);
        if (gone.length > 0) await table.delete(gone.join(" OR "));
      });
      upkeep.written(events.length);
      if (!embedder.isLocal) catchUp.look();
    },
    async remove(deleted) {
      if (deleted.length === 0) return;
      await inTurn(async () => {
        await deletions.record(deleted);
        await table.delete(deleted.map((each) => `(${rowsOf(each)})`).join(" OR "));
      });
      upkeep.written(deleted.length);
      deletionsUpkeep.written(deleted.length);
    },
    async search(owner, query) {
      const found = await searchRows({ ...parts, embedder }, owner, query);
      if (found.left > 0 || embedder.problem() !== null) catchUp.look();
      return found;
    },
    recent: (owner, query) => newestRows(table, owner, query),
    async state() {
      const { name, dimensions } = embedder;
      const left = await table.countRows(isLeft(column));
      if (left > 0) catchUp.look();
      return { embedder: name, dimensions, byWordsOnly: embedder.problem(), left };
    },
    async close() {
      await catchUp.close();
      await isDone();
      await Promise.all([upkeep.close(), deletionsUpkeep.close()]);
      table.close();
      deletions.table.close();
    },
  };
}

/** One write at a time. */
function createTurn() {
  let last: Promise<unknown> = Promise.resolve();
  return {
    inTurn<T>(write: () => Promise<T>): Promise<T> {
      const mine = last.then(write);
      last = mine.catch(() => {});
      return mine;
    },
    isDone: () => last,
  };
}

async function newestRows(table: Table, owner: Owner, query: KnowledgeQuery): Promise<FoundEvent[]> {
  const where = visibleTo(owner, query);
  // LanceDB does not sort. The times alone are small; then only the newest are read whole.
  const times = await table.query().where(where).select(["id", "at"]).toArray();
  const newest = times
    .sort((a, b) => b.at - a.at)
    .slice(0, query.limit)
    .map(({ id }) => sqlString(String(id)));
  if (newest.length === 0) return [];
  const rows = await table
    .query()
    .where(`id IN (${newest.join(", ")})`)
    .select(SHOWN)
    .toArray();
  return rows.map(toFound).sort((a, b) => b.at - a.at || (a.eventId < b.eventId ? -1 : 1));
}

/** As SQL: the rows of a mail or a document. */
function rowsOf({ tenantId, kind, id }: KnowledgeDocument): string {
  const column = { mail: "mailId", document: "documentId" }[kind];
  return `tenantId = ${sqlString(tenantId)} AND ${column} = ${sqlString(id)}`;
}

/** Of several versions of an event in one batch, the newest: a merge takes one row per key. */
function newestOf(events: readonly KnowledgeEvent[]): KnowledgeEvent[] {
  const newest = new Map<string, KnowledgeEvent>();
  for (const event of events) {
    const key = JSON.stringify([event.tenantId, event.eventId]);
    const known = newest.get(key);
    if (known === undefined || known.at <= event.at) newest.set(key, event);
  }
  return [...newest.values()];
}
