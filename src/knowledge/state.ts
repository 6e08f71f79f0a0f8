import { setTimeout as delay } from "node:timers/promises";
import type { KnowledgeState } from "@aura-platform/contract/health.ts";
import type { KnowledgeIndex } from "../ports/knowledge-index.ts";
import type { KnowledgeQueue } from "../ports/knowledge-queue.ts";
import type { Embedder } from "./embedder.ts";

interface StateSources {
  embedder: Pick<Embedder, "name" | "dimensions">;
  index(): KnowledgeIndex | { closed: string };
  queue: Pick<KnowledgeQueue, "waiting">;
}

/** How long the index and the queue are waited for, in ms: a health check must not wait for a slow disk. */
const PATIENCE_MS = 2_000;

/** Resolves always, and soon. */
export async function knowledgeState({ embedder, index, queue }: StateSources): Promise<KnowledgeState> {
  const asked = index();
  const unreadable = { state: "failed" as const, reason: "the index cannot be read: see the log" };
  const look = "closed" in asked ? { state: "failed" as const, reason: asked.closed } : stateOf(asked);
  const [state, waiting] = await Promise.all([
    soon(look, unreadable),
    soon(
      queue.waiting().then((count) => (count > 0 ? { waiting: count } : {})),
      {},
    ),
  ]);
  return { embedder: embedder.name, dimensions: embedder.dimensions, ...state, ...waiting };
}

type Seen = Pick<KnowledgeState, "state" | "reason" | "left">;

async function stateOf(index: KnowledgeIndex): Promise<Seen> {
  const { byWordsOnly, left } = await index.state();
  const rest = left > 0 ? { left } : {};
  if (byWordsOnly !== null) return { state: "words", reason: byWordsOnly, ...rest };
  return { state: left > 0 ? "embedding" : "ok", ...rest };
}

async function soon<T>(look: T | Promise<T>, otherwise: T): Promise<T> {
  const answered = new AbortController();
  const late = delay(PATIENCE_MS, otherwise, { signal: answered.signal, ref: false }).catch(() => otherwise);
  try {
    return await Promise.race([look, late]);
  } catch {
    // A search that runs into the same error fails, and logs it.
    return otherwise;
  } finally {
    answered.abort();
  }
}
