import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Connection } from "@lancedb/lancedb";

const MIN_THREADS = 4;

/** What makes the indexes of a table; with the library, which is loaded late. */
export type Indexes = typeof import("@lancedb/lancedb").Index;

/** Loads the native library, and connects to a folder or object storage. */
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
 * LanceDB's pool of threads for computing has as many as the machine has cores, less two, but its work waits
 * for other work of the same pool: with one thread, writing beside the upkeep stops for good. Read when the
 * library is loaded.
 */
function useEnoughThreads(): void {
  process.env.LANCE_CPU_THREADS ??= String(Math.max(MIN_THREADS, availableParallelism() - 2));
}
