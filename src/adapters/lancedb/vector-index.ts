import type { Table } from "@lancedb/lancedb";
import type { Indexes } from "./connect.ts";
import { isLeft, type VectorColumn } from "./vector-column.ts";

export interface IndexedTable {
  table: Table;
  indexes: Indexes;
  /** Whose vectors are meant. */
  column: VectorColumn;
}

/** All of them are looked at: they are few, and a tenant's events lie in any of them. */
export const PARTITIONS = 16;
/** Below, comparing all vectors of a tenant is exact and fast enough. */
const MIN_ROWS = 50_000;
/**
 * The index of vectors is made when nearly all of them are there: missing ones make it very slow to make, and
 * out of date soon.
 */
const MOST_LEFT = 0.05;
/** Parts of the index that are left as they are: a few, and one for every so many rows. */
const MIN_PARTS = 3;
const ROWS_PER_PART = 25_000;

/**
 * Makes the index of the vectors once there are so many that comparing each takes long, and makes it anew
 * when it has come to consist of many parts: rows of different parts stay in different files, and every
 * search opens them all.
 *
 * @returns whether it was made
 */
export async function indexVectors({ table, indexes, column }: IndexedTable): Promise<boolean> {
  const [rows, left] = await Promise.all([table.countRows(), table.countRows(isLeft(column))]);
  if (left > rows * MOST_LEFT) return false;
  const parts = await partsOf(table, column);
  if (parts === 0 ? rows < MIN_ROWS : parts <= Math.max(MIN_PARTS, rows / ROWS_PER_PART)) return false;
  // One bit per number; unlike product quantization it learns nothing first, which took two cores a minute
  // (decision 32).
  const config = indexes.ivfRq({ numPartitions: PARTITIONS, distanceType: "cosine" });
  await table.createIndex(column.vector, { config, replace: true });
  return true;
}

/** Every upkeep adds one for the rows that came since. */
async function partsOf(table: Table, { vector }: VectorColumn): Promise<number> {
  const index = (await table.listIndices()).find(({ columns }) => columns.includes(vector));
  if (index === undefined) return 0;
  return (await table.indexStats(index.name))?.numIndices ?? 1;
}
