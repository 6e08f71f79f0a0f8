import { createHash } from "node:crypto";
import type { Table } from "@lancedb/lancedb";
import type { Embedder } from "../../knowledge/embedder.ts";

/**
 * Where the vectors of one embedder stand in a row. An index has those of every embedder that has been used
 * on it.
 */
export interface VectorColumn {
  /** Null where there is none yet, or none to be had. */
  vector: string;
  /**
   * Whether its text was embedded; a column of its own, because to look for vectors that are missing is to
   * read all of them.
   */
  done: string;
}

/** Of the embedder that made the table, which `index_meta` names. */
export const FIRST: VectorColumn = Object.freeze({ vector: "vector", done: "embedded" });

const IS_VECTOR = /^vector(?:_|$)/;
const IS_DONE = /^embedded(?:_|$)/;

/** As SQL: the rows that are still to be embedded. */
export function isLeft({ done }: VectorColumn): string {
  return `${done} IS NOT TRUE`;
}

export function columnOf(
  embedder: Pick<Embedder, "name" | "dimensions">,
  madeBy: Pick<Embedder, "name" | "dimensions">,
): VectorColumn {
  const { name, dimensions } = embedder;
  if (name === madeBy.name && dimensions === madeBy.dimensions) return FIRST;
  const key = createHash("sha256")
    .update(JSON.stringify([name, dimensions]))
    .digest("hex")
    .slice(0, 12);
  return { vector: `vector_${key}`, done: `embedded_${key}` };
}

/** Adds the columns of an embedder to a table that has none of it. */
export async function ensureColumn(table: Table, column: VectorColumn, dimensions: number): Promise<void> {
  try {
    await addColumn(table, column, dimensions);
  } catch (error) {
    // Another process may have done it at the same moment.
    if (!(await namesOf(table)).includes(column.done)) throw error;
  }
}

async function addColumn(table: Table, { vector, done }: VectorColumn, dimensions: number): Promise<void> {
  const fields = new Set(await namesOf(table));
  // Until there was a column that says so, no row was written without its vector.
  const isMade = vector === FIRST.vector && fields.has(vector);
  if (!fields.has(vector)) {
    const none = `arrow_cast(NULL, 'FixedSizeList(${dimensions}, Float32)')`;
    await table.addColumns([{ name: vector, valueSql: none }]);
  }
  if (!fields.has(done)) {
    await table.addColumns([{ name: done, valueSql: isMade ? "true" : "CAST(NULL AS BOOLEAN)" }]);
  }
  for (const { name, nullable } of (await table.schema()).fields) {
    if ((name === vector || name === done) && !nullable) {
      await table.alterColumns([{ path: name, nullable: true }]);
    }
  }
}

/** The columns of a row that is written anew: no vector of any embedder. */
export async function noVectors(table: Table): Promise<Record<string, null | false>> {
  const names = await namesOf(table);
  return Object.fromEntries([
    ...names.filter((name) => IS_VECTOR.test(name)).map((name) => [name, null]),
    ...names.filter((name) => IS_DONE.test(name)).map((name) => [name, false]),
  ]);
}

/** A row of the table with all its columns, to be written again. */
export function rewritable(row: Record<string, unknown>): Record<string, unknown> {
  const plain = (name: string, value: unknown) => {
    // LanceDB refuses all of the rows when one of them has a null in such a column.
    if (IS_DONE.test(name)) return value === true;
    // Vectors come back as lists of Arrow's own.
    return typeof value === "object" && isIterable(value) ? [...value] : value;
  };
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(name, value)]));
}

function isIterable(value: object | null): value is Iterable<unknown> {
  return value !== null && Symbol.iterator in value;
}

async function namesOf(table: Table): Promise<string[]> {
  return (await table.schema()).fields.map(({ name }) => name);
}
