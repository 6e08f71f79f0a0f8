import { SEEN_TTL_MS } from "../retention.ts";
import type { RedisCommands } from "./commands.ts";
import { KNOWLEDGE_EVENTS_KEY } from "./keys.ts";
import { addKnowledge } from "./scripts/knowledge.ts";

interface Waiting {
  seenKey: string;
  event: string;
  settle: PromiseWithResolvers<"added" | "duplicate">;
}

const FORMAT = 1;

/**
 * Adds events to the stream; those of one turn of the event loop go to Redis as one command. A burst would
 * else cost a write to the socket per event, on the thread that serves every stream.
 *
 * @returns a function of the key under which the event is remembered and its JSON; rejects with
 *   BackendUnavailableError
 */
export function createKnowledgeAdds(redis: RedisCommands) {
  let waiting: Waiting[] = [];

  const flush = async () => {
    const batch = waiting;
    waiting = [];
    try {
      const seen = batch.map(({ seenKey }) => seenKey);
      const events = batch.map(({ event }) => event);
      const keys = { stream: KNOWLEDGE_EVENTS_KEY, seen };
      const added = await addKnowledge(redis, keys, { seenTtlMs: SEEN_TTL_MS, format: FORMAT, events });
      for (const [at, { settle }] of batch.entries()) settle.resolve(added[at] === 1 ? "added" : "duplicate");
    } catch (error) {
      for (const { settle } of batch) settle.reject(error);
    }
  };

  return (seenKey: string, event: string): Promise<"added" | "duplicate"> => {
    const settle = Promise.withResolvers<"added" | "duplicate">();
    if (waiting.length === 0) queueMicrotask(() => void flush());
    waiting.push({ seenKey, event, settle });
    return settle.promise;
  };
}
