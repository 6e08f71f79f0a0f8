import type { Table } from "@lancedb/lancedb";
import type { Logger } from "pino";

/** What keeps a table fast while it grows; in the background, one piece at a time. */
interface Upkeep {
  written(rows: number): void;
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

/** After so many rows the small files of the writes are joined and the indexes brought up to date. */
const OPTIMIZE_ROWS = 2_000;
/**
 * Every write leaves a version, and every search looks which is the newest. What reads an older one has long
 * ended.
 */
const KEPT_MS = 10 * 60_000;
/** In quiet times fewer rows are worth it: those outside of the indexes make every search slower. */
const QUIET_ROWS = 100;
const QUIET_MS = 2_000;

/** @param before done each time, before the files are joined */
export function createUpkeep(table: Table, logger: Logger, before = async (): Promise<void> => {}): Upkeep {
  let pending = 0;
  let running: Promise<void> | null = null;
  let closed = false;
  let quiet: NodeJS.Timeout | undefined;

  const keepUp = async () => {
    try {
      await before();
      await table.optimize({ cleanupOlderThan: new Date(Date.now() - KEPT_MS) });
    } catch (err) {
      // Another process does the same; nothing is lost but time.
      logger.warn({ err }, "upkeep of the index of events failed; the next one tries again");
    }
  };

  const begin = (least: number) => {
    if (pending < least || running !== null || closed) return;
    pending = 0;
    // Making an index takes long: what was written meanwhile is in none.
    running = keepUp().finally(() => {
      running = null;
      look();
    });
  };

  const look = () => {
    begin(OPTIMIZE_ROWS);
    clearTimeout(quiet);
    if (closed) return;
    quiet = setTimeout(() => begin(QUIET_ROWS), QUIET_MS);
    quiet.unref();
  };

  return {
    written(rows) {
      pending += rows;
      look();
    },
    async close() {
      closed = true;
      clearTimeout(quiet);
      await running;
    },
  };
}
