import { setTimeout as delay } from "node:timers/promises";
import type { Table } from "@lancedb/lancedb";
import type { Logger } from "pino";
import { embedTexts, PROBE } from "../../knowledge/embed-texts.ts";
import { EmbedderError } from "../../knowledge/embedder.ts";
import type { WatchedEmbedder } from "../../knowledge/watch-embedder.ts";
import { isLeft, rewritable, type VectorColumn } from "./vector-column.ts";

interface CatchUpParts {
  table: Table;
  column: VectorColumn;
  embedder: WatchedEmbedder;
  logger: Logger;
  /** Does one write at a time. */
  inTurn<T>(write: () => Promise<T>): Promise<T>;
  /** Told of the rows that were written. */
  onWritten(rows: number): void;
  /** Before the first attempt after a failure, in ms. */
  retryMs?: number;
}

/**
 * Embeds, in the background, the events that have no vector yet, and asks an embedder that has failed whether
 * it is back.
 */
interface CatchUp {
  /** There may be something to do. */
  look(): void;
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

/** Rows that are read, embedded and written at a time. */
const BATCH = 64;
/** How often it looks for rows that other processes have left, in ms. */
const LOOK_MS = 30_000;
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** After each batch it rests this many times as long as it has computed: the process's streams come first. */
const REST = 1.3;

const stored = (row: Record<string, unknown>) => String(row.text);

export function createCatchUp(parts: CatchUpParts): CatchUp {
  const { embedder, logger, retryMs = RETRY_MS } = parts;
  const closing = new AbortController();
  let wakeUp = Promise.withResolvers<void>();

  const rest = (ms: number) => delay(ms, undefined, { signal: closing.signal, ref: false }).catch(() => {});

  const sleep = async () => {
    const slept = new AbortController();
    const signal = AbortSignal.any([closing.signal, slept.signal]);
    await Promise.race([wakeUp.promise, delay(LOOK_MS, undefined, { signal, ref: false }).catch(() => {})]);
    slept.abort();
    wakeUp = Promise.withResolvers();
  };

  const run = async () => {
    let pause = retryMs;
    let embedded = 0;
    while (!closing.signal.aborted) {
      try {
        // It throws when the vectors are of no use: then none are wanted.
        await embedder.leastSimilarity(closing.signal);
        const { rows, worked } = await embedBatch(parts, closing.signal);
        if (rows === 0 && embedder.problem() !== null) await embedder.embed([PROBE], closing.signal);
        pause = retryMs;
        embedded += rows;
        if (rows > 0) {
          await rest(worked * REST);
          continue;
        }
        if (embedded >= BATCH)
          logger.info({ rows: embedded, embedder: embedder.name }, "events were embedded");
        embedded = 0;
        await sleep();
      } catch (err) {
        if (closing.signal.aborted) return;
        // watchEmbedder logs an outage of the embedder, once.
        if (!(err instanceof EmbedderError))
          logger.warn({ err }, "events could not be embedded; trying again");
        await rest(pause * (0.75 + Math.random() / 2));
        pause = Math.min(pause * 2, MAX_RETRY_MS);
      }
    }
  };
  const running = run();

  return {
    look: () => wakeUp.resolve(),
    async close() {
      closing.abort();
      wakeUp.resolve();
      await running;
    },
  };
}

/** @returns how many rows are done, and for how many ms this process has computed */
async function embedBatch(
  { table, column, embedder, inTurn, onWritten }: CatchUpParts,
  signal: AbortSignal,
): Promise<{ rows: number; worked: number }> {
  const began = performance.now();
  const left = await table.countRows(isLeft(column));
  if (left === 0) return { rows: 0, worked: 0 };
  // Anywhere among them: other processes embed, too, and should not do the same.
  const offset = Math.floor(Math.random() * Math.max(0, left - BATCH + 1));
  const found = await table.query().where(isLeft(column)).limit(BATCH).offset(offset).toArray();
  const rows = found.map((row) => rewritable({ ...row }));
  const asked = performance.now();
  const vectors = await embedTexts(embedder, rows.map(stored), signal);
  const answered = performance.now();
  const embedded = rows.map((row, at) => ({
    ...row,
    [column.vector]: vectors[at] ?? null,
    [column.done]: true,
  }));
  if (embedded.length > 0) {
    await inTurn(() =>
      table
        .mergeInsert("id")
        // One that has been changed or deleted meanwhile stays as it is.
        .whenMatchedUpdateAll({ where: "target.at = source.at AND target.text = source.text" })
        .execute(embedded),
    );
    onWritten(embedded.length);
  }
  const waited = embedder.isLocal ? 0 : answered - asked;
  return { rows: embedded.length, worked: performance.now() - began - waited };
}
