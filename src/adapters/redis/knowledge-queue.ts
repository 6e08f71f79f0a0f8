import { z } from "zod";
import { AuraError } from "../../errors.ts";
import type { KnowledgeQueue } from "../../ports/knowledge-queue.ts";
import { KNOWLEDGE_EVENTS_KEY, knowledgeSeenKey } from "./keys.ts";
import { createKnowledgeAdds } from "./knowledge-adds.ts";
import {
  type KnowledgeWorker,
  type RedisKnowledgeOptions,
  startKnowledgeWorker,
} from "./knowledge-worker.ts";

/**
 * A Redis Stream with one consumer group. A process that works has one more connection, on which it waits.
 */
export function createRedisKnowledgeQueue(options: RedisKnowledgeOptions): KnowledgeQueue {
  const added = createKnowledgeAdds(options.redis);
  let worker: KnowledgeWorker | undefined;
  let closed = false;

  return {
    async add(event, digest) {
      if (closed) throw new AuraError("E5002", { detail: "the knowledge queue is closed" });
      return added(knowledgeSeenKey(event, digest), JSON.stringify(event));
    },
    work(handler, batches) {
      if (worker !== undefined) throw new Error("the knowledge queue has a worker already");
      if (closed) throw new Error("the knowledge queue is closed");
      worker = startKnowledgeWorker(options, handler, batches);
    },
    waiting: async () => z.int().parse(await options.redis.command("XLEN", [KNOWLEDGE_EVENTS_KEY])),
    async close() {
      closed = true;
      await worker?.close();
    },
  };
}
