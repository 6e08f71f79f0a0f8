import type { Table } from "@lancedb/lancedb";
import type { Logger } from "pino";
import type { Embedder } from "../../knowledge/embedder.ts";
import type { KnowledgeEvent } from "../../knowledge/event.ts";
import type {
  FoundEvent,
  KnowledgeDocument,
  KnowledgeIndex,
  KnowledgeQuery,
} from "../../ports/knowledge-index.ts";
import type { Owner } from "../../runs/run.ts";
import type { Deletions } from "./deletions.ts";
import type { Indexes } from "./open.ts";
import { audience, pieces, quoted, type Row, SHOWN, toFound, toRow } from "./rows.ts";
import { createUpkeep } from "./upkeep.ts";
import { indexVectors, PARTITIONS } from "./vector-index.ts";

export interface IndexParts {
  table: Table;
  deletions: Deletions;
  indexes: Indexes;
  embedder: Embedder;
  logger: Logger;
  /** Compares all vectors, whatever index there is of them: the measure of what the index finds (bench/knowledge.ts). */
  exact?: boolean;
}

/** Of each way of searching, so many for every one that is wanted: what both find comes first. */
const WIDER = 4;
/** Reciprocal rank fusion's constant (Cormack, Clarke, Büttcher 2009). */
const FUSION = 60;
/** How many times k candidates are compared exactly once there is an index of the vectors. */
const REFINE = 4;

/** Domain events in one LanceDB table. Writes are one after another: LanceDB retries conflicts with other processes. */
export function createLanceKnowledgeIndex(parts: IndexParts): KnowledgeIndex {
  const { table, deletions, embedder, logger } = parts;
  const upkeep = createUpkeep(table, logger, async () => {
    if (await indexVectors(parts)) logger.info("the vectors of the index of events are indexed anew");
  });
  const deletionsUpkeep = createUpkeep(deletions.table, logger);
  let last: Promise<unknown> = Promise.resolve();
  /** One write at a time. */
  const inTurn = <T>(write: () => Promise<T>): Promise<T> => {
    const mine = last.then(write);
    last = mine.catch(() => {});
    return mine;
  };

  const byWords = async (text: string, where: string, limit: number) => {
    const words = pieces(text);
    if (words === "") return [];
    return table
      .query()
      .fullTextSearch(words, { columns: ["pieces"] })
      .where(where)
      .select(SHOWN)
      .limit(limit)
      .toArray();
  };

  const byMeaning = async (vector: number[], where: string, limit: number) => {
    // A text without words has no direction to look into.
    if (vector.every((value) => value === 0)) return [];
    const nearest = table.query().nearestTo(vector).distanceType("cosine").nprobes(PARTITIONS);
    const query = parts.exact ? nearest.bypassVectorIndex() : nearest;
    return query.refineFactor(REFINE).where(where).select(SHOWN).limit(limit).toArray();
  };

  return {
    async upsert(events) {
      const rows = await toRows(embedder, newestOf(events));
      if (rows.length === 0) return;
      await inTurn(async () => {
        await table
          .mergeInsert("id")
          .whenMatchedUpdateAll({ where: "target.at <= source.at" })
          .whenNotMatchedInsertAll()
          .execute(rows);
        // Looked up after the write, as a deletion is recorded before it deletes: of two processes one sees the other's.
        const gone = (await deletions.of(events)).map((each) => `(${rowsOf(each)} AND at <= ${each.at})`);
        if (gone.length > 0) await table.delete(gone.join(" OR "));
      });
      upkeep.written(rows.length);
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
    async search(owner, { text, ...query }) {
      const where = visibleTo(owner, query);
      const [vector = []] = await embedder.embed([text]);
      const limit = query.limit * WIDER;
      const [words, meaning] = await Promise.all([
        byWords(text, where, limit),
        byMeaning(vector, where, limit),
      ]);
      return fused([words, meaning]).slice(0, query.limit);
    },
    async recent(owner, query) {
      const where = visibleTo(owner, query);
      // LanceDB does not sort. The times alone are small; then only the newest are read whole.
      const times = await table.query().where(where).select(["id", "at"]).toArray();
      const newest = times
        .sort((a, b) => b.at - a.at)
        .slice(0, query.limit)
        .map(({ id }) => quoted(String(id)));
      if (newest.length === 0) return [];
      const rows = await table
        .query()
        .where(`id IN (${newest.join(", ")})`)
        .select(SHOWN)
        .toArray();
      return rows.map(toFound).sort((a, b) => b.at - a.at || (a.eventId < b.eventId ? -1 : 1));
    },
    async close() {
      await last;
      await Promise.all([upkeep.close(), deletionsUpkeep.close()]);
      table.close();
      deletions.table.close();
    },
  };
}

/** As SQL: the rows of a mail or a document. */
function rowsOf({ tenantId, kind, id }: KnowledgeDocument): string {
  const column = { mail: "mailId", document: "documentId" }[kind];
  return `tenantId = ${quoted(tenantId)} AND ${column} = ${quoted(id)}`;
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

async function toRows(embedder: Embedder, events: readonly KnowledgeEvent[]): Promise<Row[]> {
  const vectors = await embedder.embed(events.map(({ text }) => text));
  return events.map((event, at) => toRow(event, vectors[at] ?? []));
}

/** What everybody of the caller's tenant may find, and what the caller alone may (decision 32). */
function visibleTo({ tenantId, userId }: Owner, { types, since }: KnowledgeQuery): string {
  const conditions = [
    `audience IN (${quoted(audience(tenantId, null))}, ${quoted(audience(tenantId, userId))})`,
  ];
  if (types !== undefined && types.length > 0) {
    conditions.push(`eventType IN (${types.map(quoted).join(", ")})`);
  }
  if (since !== undefined) conditions.push(`at >= ${since}`);
  return conditions.join(" AND ");
}

/** Reciprocal rank fusion: what stands high in both lists comes first. Of equals, the newer one. */
function fused(lists: readonly (readonly unknown[])[]): FoundEvent[] {
  const found = new Map<string, { event: FoundEvent; score: number }>();
  for (const list of lists) {
    for (const [rank, row] of list.entries()) {
      const event = toFound(row);
      const entry = found.get(event.eventId) ?? { event, score: 0 };
      entry.score += 1 / (FUSION + rank + 1);
      found.set(event.eventId, entry);
    }
  }
  return [...found.values()]
    .sort((a, b) => b.score - a.score || b.event.at - a.event.at)
    .map(({ event }) => event);
}
