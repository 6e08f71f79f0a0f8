import type { Index, Table } from "@lancedb/lancedb";
import type { Logger } from "pino";
import type { Embedder } from "../../knowledge/embedder.ts";
import type { KnowledgeEvent } from "../../knowledge/event.ts";
import type { FoundEvent, KnowledgeIndex, KnowledgeQuery } from "../../ports/knowledge-index.ts";
import type { Owner } from "../../runs/run.ts";
import { COLUMNS, fromRow, quoted, type Row, toRow } from "./rows.ts";
import { createUpkeep } from "./upkeep.ts";

export interface IndexParts {
  table: Table;
  indexes: typeof Index;
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
const REFINE = 5;
/** All partitions are looked at: they are few, and a tenant's events lie in any of them. */
const PARTITIONS = 16;

/** Domain events in one LanceDB table. Writes are one after another: LanceDB retries conflicts with other processes. */
export function createLanceKnowledgeIndex(parts: IndexParts): KnowledgeIndex {
  const { table, embedder } = parts;
  const upkeep = createUpkeep(parts, PARTITIONS);
  let last: Promise<unknown> = Promise.resolve();
  /** One write at a time. */
  const inTurn = <T>(write: () => Promise<T>): Promise<T> => {
    const mine = last.then(write);
    last = mine.catch(() => {});
    return mine;
  };

  const byWords = async (text: string, where: string, limit: number) =>
    table
      .query()
      .fullTextSearch(text, { columns: ["text"] })
      .where(where)
      .select(COLUMNS)
      .limit(limit)
      .toArray();

  const byMeaning = async (vector: number[], where: string, limit: number) => {
    // A text without words has no direction to look into.
    if (vector.every((value) => value === 0)) return [];
    const nearest = table.query().nearestTo(vector).distanceType("cosine").nprobes(PARTITIONS);
    const query = parts.exact ? nearest.bypassVectorIndex() : nearest;
    return query.refineFactor(REFINE).where(where).select(COLUMNS).limit(limit).toArray();
  };

  return {
    async upsert(events) {
      const rows = await toRows(embedder, newestOf(events));
      if (rows.length === 0) return;
      await inTurn(() =>
        table
          .mergeInsert("id")
          .whenMatchedUpdateAll({ where: "target.at <= source.at" })
          .whenNotMatchedInsertAll()
          .execute(rows),
      );
      upkeep.written(rows.length);
    },
    async remove(documents) {
      if (documents.length === 0) return;
      const any = documents.map((document) => {
        const [column, id] =
          "mailId" in document ? ["mailId", document.mailId] : ["documentId", document.documentId];
        return `(tenantId = ${quoted(document.tenantId)} AND ${column} = ${quoted(id)})`;
      });
      await inTurn(() => table.delete(any.join(" OR ")));
      upkeep.written(documents.length);
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
        .select(COLUMNS)
        .toArray();
      return rows
        .map((row) => fromRow(row, 0))
        .sort((a, b) => b.at - a.at || (a.eventId < b.eventId ? -1 : 1));
    },
    async close() {
      await last;
      await upkeep.close();
      table.close();
    },
  };
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

/** The caller's tenant only, and of mails only its own (decision 32). */
function visibleTo({ tenantId, userId }: Owner, { types, since }: KnowledgeQuery): string {
  const conditions = [
    `tenantId = ${quoted(tenantId)}`,
    `(eventType NOT LIKE 'Mail%' OR userId = ${quoted(userId)})`,
  ];
  if (types !== undefined && types.length > 0) {
    conditions.push(`eventType IN (${types.map(quoted).join(", ")})`);
  }
  if (since !== undefined) conditions.push(`at >= ${since}`);
  return conditions.join(" AND ");
}

/** Reciprocal rank fusion: what stands high in both lists comes first. Of equals, the newer one. */
function fused(lists: readonly (readonly unknown[])[]): FoundEvent[] {
  const found = new Map<string, FoundEvent>();
  for (const list of lists) {
    for (const [rank, row] of list.entries()) {
      const event = fromRow(row, 1 / (FUSION + rank + 1));
      const known = found.get(event.eventId);
      if (known === undefined) found.set(event.eventId, event);
      else known.score += event.score;
    }
  }
  return [...found.values()].sort((a, b) => b.score - a.score || b.at - a.at);
}
