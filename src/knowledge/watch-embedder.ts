import type { Logger } from "pino";
import { type Embedder, EmbedderError } from "./embedder.ts";
import { measureRelevance } from "./measure-relevance.ts";

/** An embedder of which it is known whether it answers, and what its similarities mean. */
export interface WatchedEmbedder extends Omit<Embedder, "leastSimilarity"> {
  /**
   * Why it gave no vectors when it was last asked, or none of use, or was not asked yet, in words for
   * everybody; null when it is well.
   */
  problem(): string | null;
  /**
   * The least cosine similarity of two related texts: measured when it is first asked for. Until then there
   * is a problem.
   *
   * @throws EmbedderError
   */
  leastSimilarity(signal?: AbortSignal): Promise<number>;
}

/** The problem until its similarities are measured: nobody knows yet whether it answers, and with what. */
const UNKNOWN = "the embedder has not answered yet";

/** Remembers what came of each request, and logs an outage once. */
export function watchEmbedder(embedder: Embedder, logger: Pick<Logger, "info" | "warn">): WatchedEmbedder {
  const { name } = embedder;
  let least = embedder.leastSimilarity ?? null;
  /** Why the vectors that it gives are of no use; null while they are. */
  let unfit: string | null = null;
  let failure: string | null = null;

  const failed = (err: unknown) => {
    if (failure === null && unfit === null) {
      logger.warn({ err, embedder: name }, "the embedder fails: events are found by their words alone");
    }
    return err instanceof EmbedderError ? err.message : "the embedder fails: see the log";
  };

  const embed: Embedder["embed"] = async (texts, signal) => {
    try {
      const vectors = await embedder.embed(texts, signal);
      if (failure !== null && unfit === null) logger.info({ embedder: name }, "the embedder answers again");
      failure = null;
      return vectors;
    } catch (err) {
      // A refused text says nothing about other texts, and a caller that went away (unlike a timeout) nothing
      // about the embedder.
      const isRefusal = err instanceof EmbedderError && err.kind === "refused";
      const isLeft = signal?.aborted === true && !isTimeout(signal.reason);
      if (!isRefusal && !isLeft) failure = failed(err);
      throw err;
    }
  };

  return {
    ...embedder,
    embed,
    problem: () => failure ?? unfit ?? (least === null ? UNKNOWN : null),
    async leastSimilarity(signal) {
      if (least !== null) return least;
      try {
        least = await measureRelevance({ name, embed }, signal);
      } catch (err) {
        if (failure === null && signal?.aborted !== true) unfit = failed(err);
        throw err;
      }
      logger.info(
        { embedder: name, least: Number(least.toFixed(3)) },
        "similarities of the embedder were measured",
      );
      unfit = null;
      return least;
    },
  };
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}
