import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { BackendUnavailableError } from "../../errors.ts";
import type { KnowledgeQueue } from "../../ports/knowledge-queue.ts";
import { createDelivery, type Delivery, type DeliveryOptions, type Taken } from "../knowledge-delivery.ts";
import type { RedisCommands } from "./commands.ts";
import { type Connecting, openConnection } from "./connection.ts";
import { createKnowledgeStream, type KnowledgeStream } from "./knowledge-stream.ts";

/** What the queue of events is made with, and its worker too. */
export interface RedisKnowledgeOptions extends DeliveryOptions, Connecting {
  /** For everything but the wait for events. */
  redis: RedisCommands;
  /** How long a process that has died keeps its events, in ms. */
  claimMs?: number;
}

export interface KnowledgeWorker {
  /** Takes no more events; resolves when the running handler is done, whether or not Redis is there. */
  close(): Promise<void>;
}

type Handler = Parameters<KnowledgeQueue["work"]>[0];
type Batches = Parameters<KnowledgeQueue["work"]>[1];

const CLAIM_MS = 30_000;
/**
 * For how long Redis is asked to wait for an event, in ms: well below the silence after which a connection
 * counts as lost.
 */
const BLOCK_MS = 2_000;
/** Between two attempts while Redis cannot be used, in ms. */
const OUTAGE_PAUSE_MS = 250;
/** Between two requests to end the wait for events, in ms. */
const WAKE_PAUSE_MS = 20;

/** Opens the connection on which it waits for events, and begins to take them. */
export function startKnowledgeWorker(
  options: RedisKnowledgeOptions,
  handler: Handler,
  batches: Batches,
): KnowledgeWorker {
  const { address, availability, redis, logger, claimMs = CLAIM_MS } = options;
  const connection = openConnection(address, "knowledge", availability);
  const consumer = randomUUID();
  const stream = createKnowledgeStream(redis, connection, consumer, logger);
  const closing = new AbortController();
  const delivery = createDelivery({ ...options, handler, finish: stream.finish, bury: stream.bury });

  // A handler, and a pause between two attempts, may take longer than an event of a dead process is left
  // alone.
  const heartbeat = setInterval(() => {
    const ids = delivery.held().map(({ id }) => id);
    // Redis away: the others cannot claim either.
    if (ids.length > 0) stream.keep(ids).catch(() => {});
  }, claimMs / 3);

  const round = takeRounds({ stream, batches, closing: closing.signal, claimMs, delivery });
  const run = async () => {
    let lost = true;
    while (!closing.signal.aborted) {
      try {
        if (lost) await round.recover();
        lost = false;
        await round.next();
      } catch (err) {
        // A reply may have been lost, and events with it: they are ours, and are read again.
        lost = true;
        if (!(err instanceof BackendUnavailableError) && !closing.signal.aborted) {
          logger.error({ err }, "the knowledge queue failed");
        }
        await delay(OUTAGE_PAUSE_MS, undefined, { signal: closing.signal }).catch(() => {});
      }
    }
  };
  let ended = false;
  const loop = run().finally(() => {
    ended = true;
  });

  return {
    async close() {
      closing.abort();
      // Asked again until it has worked: the first request may be there before the wait that it is to end.
      while (!ended && stream.isWaiting()) {
        await stream.wake().catch(() => connection.client.disconnect());
        await Promise.race([loop, delay(WAKE_PAUSE_MS)]);
      }
      await loop;
      clearInterval(heartbeat);
      // Redis away: another process forgets this one.
      await stream.leave().catch(() => {});
      await connection.close();
    },
  };
}

interface Rounds {
  stream: KnowledgeStream;
  batches: Batches;
  closing: AbortSignal;
  claimMs: number;
  delivery: Delivery;
}

function takeRounds({ stream, batches, closing, claimMs, delivery }: Rounds) {
  const { max, waitMs } = batches;
  let claimAt = 0;

  const unknown = (taken: readonly Taken[]) => {
    const known = new Set(delivery.held().map(({ id }) => id));
    return taken.filter(({ id }) => !known.has(id));
  };

  /** Up to `max` events: whatever comes within `waitMs` of the first. */
  const take = async (): Promise<Taken[]> => {
    const first = await stream.read(max, Math.min(BLOCK_MS, delivery.pauseMs(), claimMs));
    if (first.length === 0 || first.length === max || closing.aborted) return first;
    await delay(waitMs, undefined, { signal: closing }).catch(() => {});
    return [...first, ...(await stream.read(max - first.length, 0))];
  };

  return {
    /** After a start or an outage: what was given to this process without its knowing. */
    async recover() {
      await stream.join();
      const own = unknown(await stream.own());
      for (let at = 0; at < own.length && !closing.aborted; at += max) {
        await delivery.deliver(own.slice(at, at + max));
      }
    },
    async next() {
      await delivery.retry();
      if (Date.now() >= claimAt) {
        claimAt = Date.now() + claimMs / 2;
        await delivery.deliver(unknown(await stream.claim(claimMs, max)));
      }
      if (closing.aborted) return;
      if (delivery.isFull()) {
        await delay(delivery.pauseMs(), undefined, { signal: closing }).catch(() => {});
      } else {
        await delivery.deliver(await take());
      }
    },
  };
}
