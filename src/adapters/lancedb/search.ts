import type { Table } from "@lancedb/lancedb";
import { EmbedderError } from "../../knowledge/embedder.ts";
import type { WatchedEmbedder } from "../../knowledge/watch-embedder.ts";
import {
  type Found,
  type FoundEvent,
  type KnowledgeQuery,
  WordlessQueryError,
} from "../../ports/knowledge-index.ts";
import type { Owner } from "../../runs/run.ts";
import { audience, pieces, quoted, SHOWN, toFound } from "./rows.ts";
import { isLeft, type VectorColumn } from "./vector-column.ts";
import { PARTITIONS } from "./vector-index.ts";

export interface SearchParts {
  table: Table;
  column: VectorColumn;
  embedder: WatchedEmbedder;
  /** Compares all vectors, whatever index there is of them: the measure of what the index finds (bench/knowledge.ts). */
  exact?: boolean;
  /** How long a search waits for the vector of what is looked for, in ms. */
  patienceMs?: number;
}

/** Of each way of searching, so many for every one that is wanted: what both find comes first. */
const WIDER = 4;
/** Reciprocal rank fusion's constant (Cormack, Clarke, Büttcher 2009). */
const FUSION = 60;
/** How many times k candidates are compared exactly once there is an index of the vectors. */
const REFINE = 4;
/** Somebody waits for the answer, and by words there is one at once. */
const PATIENCE_MS = 8_000;

/**
 * Searches by words and by meaning, and by words alone while the embedder gives no vector.
 *
 * @throws WordlessQueryError when there is neither
 */
export async function searchRows(
  parts: SearchParts,
  owner: Owner,
  { text, ...query }: KnowledgeQuery & { text: string },
): Promise<Found> {
  const where = visibleTo(owner, query);
  const limit = query.limit * WIDER;
  const asked = await vectorOf(parts, text);
  const vector = "vector" in asked && asked.vector.some((value) => value !== 0) ? asked.vector : null;
  const words = pieces(text);
  if (words === "" && vector === null) throw new WordlessQueryError();
  const [worded, meaning, left] = await Promise.all([
    byWords(parts.table, words, where, limit),
    vector === null ? [] : byMeaning(parts, vector, where, limit),
    parts.table.countRows(`(${where}) AND ${isLeft(parts.column)}`),
  ]);
  return {
    events: fused([worded, meaning]).slice(0, query.limit),
    byWordsOnly: "problem" in asked ? asked.problem : null,
    left,
  };
}

/** What everybody of the caller's tenant may find, and what the caller alone may (decision 32). */
export function visibleTo({ tenantId, userId }: Owner, { types, since }: KnowledgeQuery): string {
  const conditions = [
    `audience IN (${quoted(audience(tenantId, null))}, ${quoted(audience(tenantId, userId))})`,
  ];
  if (types !== undefined && types.length > 0) {
    conditions.push(`eventType IN (${types.map(quoted).join(", ")})`);
  }
  if (since !== undefined) conditions.push(`at >= ${since}`);
  return conditions.join(" AND ");
}

/** Of an embedder that has failed nobody waits for another failure: it is asked in the background whether it is back. */
async function vectorOf(
  { embedder, patienceMs = PATIENCE_MS }: SearchParts,
  text: string,
): Promise<{ vector: number[] } | { problem: string }> {
  const problem = embedder.problem();
  if (problem !== null) return { problem };
  try {
    const [vector = []] = await embedder.embed([text], AbortSignal.timeout(patienceMs));
    return { vector };
  } catch (error) {
    if (error instanceof EmbedderError) return { problem: error.message };
    throw error;
  }
}

async function byWords(table: Table, words: string, where: string, limit: number): Promise<unknown[]> {
  if (words === "") return [];
  return table
    .query()
    .fullTextSearch(words, { columns: ["pieces"] })
    .where(where)
    .select(SHOWN)
    .limit(limit)
    .toArray();
}

async function byMeaning(
  { table, column, exact }: SearchParts,
  vector: number[],
  where: string,
  limit: number,
): Promise<unknown[]> {
  const nearest = table.query().nearestTo(vector).column(column.vector).distanceType("cosine");
  const query = exact ? nearest.bypassVectorIndex() : nearest.nprobes(PARTITIONS);
  return query.refineFactor(REFINE).where(where).select(SHOWN).limit(limit).toArray();
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
