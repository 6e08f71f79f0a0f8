import type { Logger } from "pino";
import { type Embedder, EmbedderError } from "./embedder.ts";

/** An embedder of which it is known whether it answers. */
export interface WatchedEmbedder extends Embedder {
  /** Why it gave no vectors when it was last asked, in words for everybody; null when it gave some, or was not asked yet. */
  problem(): string | null;
}

/** Remembers what came of each request, and logs an outage once. */
export function watchEmbedder(embedder: Embedder, logger: Pick<Logger, "info" | "warn">): WatchedEmbedder {
  let problem: string | null = null;
  return {
    ...embedder,
    problem: () => problem,
    async embed(texts, signal) {
      try {
        const vectors = await embedder.embed(texts, signal);
        if (problem !== null) logger.info({ embedder: embedder.name }, "the embedder answers again");
        problem = null;
        return vectors;
      } catch (err) {
        // What is refused says nothing of other texts.
        const isRefusal = err instanceof EmbedderError && err.kind === "refused";
        if (!isRefusal) {
          if (problem === null) {
            logger.warn(
              { err, embedder: embedder.name },
              "the embedder fails: events are found by their words alone",
            );
          }
          problem = err instanceof EmbedderError ? err.message : "the embedder fails: see the log";
        }
        throw err;
      }
    },
  };
}
