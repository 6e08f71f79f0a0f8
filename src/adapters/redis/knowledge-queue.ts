import { z } from "zod";
import { AuraError } from "../../errors.ts";
import type { KnowledgeQueue } from "../../ports/knowledge-queue.ts";
import type { BackendLogger } from "../backend-logger.ts";
import type { DeliveryOptions } from "../knowledge-delivery.ts";
import type { Availability } from "./availability.ts";
import type { RedisCommands } from "./commands.ts";
import type { RedisAddress } from "./connection.ts";
import { KNOWLEDGE_EVENTS_KEY, knowledgeSeenKey } from "./keys.ts";
import { createKnowledgeAdds } from "./knowledge-adds.ts";
import { type KnowledgeWorker, startKnowledgeWorker } from "./knowledge-worker.ts";

export interface RedisKnowledgeQueueOptions extends DeliveryOptions {
  address: RedisAddress;
  availability: Availability;
  /** For everything but the wait for events. */
  redis: RedisCommands;
  logger: BackendLogger;
  /** How long a process that has died keeps its events, in ms. */
  claimMs?: number;
}

/** A Redis Stream with one consumer group. A process that works has one more connection, on which it waits. */
export function createRedisKnowledgeQueue(options: RedisKnowledgeQueueOptions): KnowledgeQueue {
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
