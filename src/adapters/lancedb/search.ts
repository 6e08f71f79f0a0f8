import { setImmediate as nextTurn } from "node:timers/promises";
import type { Table } from "@lancedb/lancedb";
import { EmbedderError } from "../../knowledge/embedder.ts";
import { RELEVANT_SHARE, readQuery, type WordQuery } from "../../knowledge/relevance.ts";
import type { WatchedEmbedder } from "../../knowledge/watch-embedder.ts";
import {
  type Found,
  type FoundEvent,
  type KnowledgeQuery,
  WordlessQueryError,
} from "../../ports/knowledge-index.ts";
import type { Owner } from "../../records/run.ts";
import { audience, keyOf, SHOWN, sqlString, toFound } from "./rows.ts";
import { isLeft, type VectorColumn } from "./vector-column.ts";
import { PARTITIONS } from "./vector-index.ts";

export interface SearchParts {
  table: Table;
  column: VectorColumn;
  embedder: WatchedEmbedder;
  /**
   * Compares all vectors, whatever index there is of them: the measure of what the index finds
   * (bench/knowledge.ts).
   */
  exact?: boolean;
  /** How long a search waits for the vector of what is looked for, in ms. */
  patienceMs?: number;
}

/** Candidates that each way of searching gives per result that is wanted: what both find comes first. */
const WIDER = 4;
/**
 * The index of words finds whatever shares a piece with the query: at least this many of its results are
 * examined for relevance.
 */
const LEAST_LOOKED_AT = 40;
/** Reciprocal rank fusion's constant (Cormack, Clarke, Büttcher 2009). */
const FUSION = 60;
/** A query that names an id means that very id. */
const WEIGHT_OF_IDS = 4;
/** How long it computes until other work of this process gets its turn, in ms. */
const MAX_TURN_MS = 5;
/** How many times k candidates are compared exactly once there is an index of the vectors. */
const REFINE = 4;
/** How long a search waits for the vector of its query, in ms; words alone give an answer at once. */
const PATIENCE_MS = 8_000;

/**
 * Searches by ids, words and meaning, and without meaning while the embedder gives no vector. What has
 * nothing to do with the query is not found (decision 61).
 *
 * @throws WordlessQueryError when there is nothing to compare
 */
export async function searchRows(
  parts: SearchParts,
  owner: Owner,
  { text, ...rest }: KnowledgeQuery & { text: string },
): Promise<Found> {
  const where = visibleTo(owner, rest);
  const limit = rest.limit * WIDER;
  const query = readQuery(text);
  const asked = await directionOf(parts, text, query);
  const hasDirection = "vector" in asked && asked.vector.some((value) => value !== 0);
  if (query.pieces.length === 0 && !hasDirection) throw new WordlessQueryError();
  const [named, worded, meant, left] = await Promise.all([
    byIds(parts.table, owner, idsIn(text), where, limit),
    byWords(parts.table, query, where, limit),
    hasDirection ? byMeaning(parts, asked, where, limit) : [],
    parts.table.countRows(`(${where}) AND ${isLeft(parts.column)}`),
  ]);
  return {
    events: fused([named, WEIGHT_OF_IDS], [worded, 1], [meant, 1]).slice(0, rest.limit),
    byWordsOnly: "problem" in asked ? asked.problem : null,
    left,
  };
}

/** What everybody of the caller's tenant may find, and what the caller alone may (decision 32). */
export function visibleTo({ tenantId, userId }: Owner, { types, since }: KnowledgeQuery): string {
  const conditions = [
    `audience IN (${sqlString(audience(tenantId, null))}, ${sqlString(audience(tenantId, userId))})`,
  ];
  if (types !== undefined && types.length > 0) {
    conditions.push(`eventType IN (${types.map(sqlString).join(", ")})`);
  }
  if (since !== undefined) conditions.push(`at >= ${since}`);
  return conditions.join(" AND ");
}

interface Direction {
  vector: number[];
  /** The least similarity of a result. */
  least: number;
}

/**
 * A search does not wait for an embedder that has failed: it is asked in the background whether it is back.
 */
async function directionOf(
  { embedder, patienceMs = PATIENCE_MS }: SearchParts,
  text: string,
  { words, exact }: WordQuery,
): Promise<Direction | { problem: string } | { isExact: true }> {
  // An id has no meaning: what is like it is something else.
  if (words.length === 0 && exact.length > 0) return { isExact: true };
  const problem = embedder.problem();
  if (problem !== null) return { problem };
  try {
    const signal = AbortSignal.timeout(patienceMs);
    const least = await embedder.leastSimilarity(signal);
    const [vector = []] = await embedder.embed([embedder.isLocal ? words.join(" ") : text], signal);
    return { vector, least };
  } catch (error) {
    if (error instanceof EmbedderError) return { problem: error.message };
    throw error;
  }
}

/** What an id may look like, of an event or of what it is about. */
const ID = /[\p{L}\p{N}_]+(?:[-.:@/][\p{L}\p{N}_]+)*/gu;
const MAX_IDS = 20;

function idsIn(text: string): string[] {
  const ids = (text.match(ID) ?? []).flatMap((each) => {
    // `doc-7을`: a particle is written to it.
    const bare = each.replace(/(?<=\w)\p{scx=Hangul}+$/u, "");
    return [each, bare];
  });
  return [...new Set(ids)].slice(0, MAX_IDS);
}

async function byIds(
  table: Table,
  { tenantId }: Owner,
  ids: readonly string[],
  where: string,
  limit: number,
): Promise<FoundEvent[]> {
  if (ids.length === 0) return [];
  const keys = ids.map((id) => sqlString(keyOf(tenantId, id))).join(", ");
  const names = ids.map(sqlString).join(", ");
  const named = `(id IN (${keys}) OR mailId IN (${names}) OR documentId IN (${names}))`;
  const rows = await table.query().where([where, named].join(" AND ")).select(SHOWN).limit(limit).toArray();
  return rows.map(toFound).sort((a, b) => b.at - a.at);
}

async function byWords(table: Table, query: WordQuery, where: string, limit: number): Promise<FoundEvent[]> {
  if (query.pieces.length === 0) return [];
  const rows = await table
    .query()
    .fullTextSearch(query.pieces.join(" "), { columns: ["pieces"] })
    .where(where)
    .select(SHOWN)
    .limit(Math.max(limit, LEAST_LOOKED_AT))
    .toArray();
  const relevant: { event: FoundEvent; share: number }[] = [];
  let rested = performance.now();
  for (const event of rows.map(toFound)) {
    const share = query.share(event.text);
    if (share >= RELEVANT_SHARE) relevant.push({ event, share });
    // Long texts take longer than a stream of this process should wait.
    if (performance.now() - rested < MAX_TURN_MS) continue;
    await nextTurn();
    rested = performance.now();
  }
  return relevant
    .sort((a, b) => b.share - a.share)
    .slice(0, limit)
    .map(({ event }) => event);
}

async function byMeaning(
  { table, column, exact }: SearchParts,
  { vector, least }: Direction,
  where: string,
  limit: number,
): Promise<FoundEvent[]> {
  const nearest = table.query().nearestTo(vector).column(column.vector).distanceType("cosine");
  const query = exact ? nearest.bypassVectorIndex() : nearest.nprobes(PARTITIONS);
  const rows = await query.refineFactor(REFINE).where(where).select(SHOWN).limit(limit).toArray();
  return rows.filter((row) => 1 - Number(row._distance) >= least).map(toFound);
}

/** Reciprocal rank fusion: what stands high in several lists comes first. Of equals, the newer one. */
function fused(
  ...lists: readonly (readonly [events: readonly FoundEvent[], weight: number])[]
): FoundEvent[] {
  const found = new Map<string, { event: FoundEvent; score: number }>();
  for (const [events, weight] of lists) {
    for (const [rank, event] of events.entries()) {
      const entry = found.get(event.eventId) ?? { event, score: 0 };
      entry.score += weight / (FUSION + rank + 1);
      found.set(event.eventId, entry);
    }
  }
  return [...found.values()]
    .sort((a, b) => b.score - a.score || b.event.at - a.event.at)
    .map(({ event }) => event);
}
