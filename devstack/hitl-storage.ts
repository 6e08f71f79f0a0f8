import { HITL_TTL_S } from "@aura-platform/contract/hitl.ts";
import { Redis } from "ioredis";
import type { EmbeddedBus } from "../src/adapters/embedded/bus.ts";
import type { RedisAddress } from "../src/adapters/redis/connection.ts";
import { BackendUnavailableError } from "../src/errors.ts";

/** One decision, as it is written and announced. */
interface Decided {
  requestKey: string;
  /** The request's JSON text that the decision was based on. */
  expected: string;
  request: string;
  signalKey: string;
  signal: string;
  channel: string;
}

/** Where Main Service shares approvals with Aura: Redis, or the bus of one process. */
export interface HitlStorage {
  get(key: string): Promise<string | null>;
  /**
   * Rewrites the request, then sets the signal, then publishes it - if the request still reads `expected`.
   * False, and nothing done, when it does not: someone else decided, or it has expired.
   */
  decide(decided: Decided): Promise<boolean>;
  close(): Promise<void>;
}

/** The storage for a demo without Redis; shares `bus` with Aura. Synchronous, hence atomic. */
export function createEmbeddedHitlStorage(bus: EmbeddedBus): HitlStorage {
  return {
    get: async (key) => bus.get(key),
    async decide({ requestKey, expected, request, signalKey, signal, channel }) {
      if (bus.get(requestKey) !== expected) return false;
      bus.set(requestKey, request, HITL_TTL_S.request);
      bus.set(signalKey, signal, HITL_TTL_S.signal);
      bus.publish(channel, signal);
      return true;
    },
    close: async () => {},
  };
}

/**
 * KEYS: request, signal. ARGV: expected, request, request TTL (s), signal, signal TTL (s), channel.
 * Returns 1 when decided; 0 when the request no longer reads `expected`.
 */
const DECIDE = `
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[2], "EX", ARGV[3])
redis.call("SET", KEYS[2], ARGV[4], "EX", ARGV[5])
redis.call("PUBLISH", ARGV[6], ARGV[4])
return 1`;

/** @param onError hears every connection error; ioredis reconnects by itself */
export function createRedisHitlStorage(
  address: RedisAddress,
  onError: (error: Error) => void = () => {},
): HitlStorage {
  const redis = new Redis({
    host: address.host,
    port: address.port,
    ...(address.password === undefined ? {} : { password: address.password }),
    // A request must fail soon with 503 and not wait until Redis is back.
    maxRetriesPerRequest: 1,
    connectTimeout: 2000,
  });
  redis.on("error", onError);
  return {
    get: (key) => orUnavailable(redis.get(key)),
    async decide({ requestKey, expected, request, signalKey, signal, channel }) {
      const { request: requestTtl, signal: signalTtl } = HITL_TTL_S;
      const args = [expected, request, requestTtl, signal, signalTtl, channel];
      return (await orUnavailable(redis.eval(DECIDE, 2, requestKey, signalKey, ...args))) === 1;
    },
    close: async () => redis.disconnect(),
  };
}

async function orUnavailable<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    throw new BackendUnavailableError(cause);
  }
}
