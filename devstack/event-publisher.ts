import { Redis } from "ioredis";
import type { EmbeddedBus } from "../src/adapters/embedded/bus.ts";
import type { RedisAddress } from "../src/adapters/redis/connection.ts";

/** Publishes as DWP's services do: at most once, and nobody waits for it. */
export interface EventPublisher {
  /** The same message on each channel. */
  publish(channels: readonly string[], message: string): void;
  close(): Promise<void>;
}

/** For a demo without Redis; shares `bus` with Aura. */
export function createEmbeddedPublisher(bus: EmbeddedBus): EventPublisher {
  return {
    publish(channels, message) {
      for (const channel of channels) bus.publish(channel, message);
    },
    close: async () => {},
  };
}

/** @param onError hears every event that was not published; ioredis reconnects by itself */
export function createRedisPublisher(
  address: RedisAddress,
  onError: (error: Error) => void = () => {},
): EventPublisher {
  const redis = new Redis({
    host: address.host,
    port: address.port,
    ...(address.password === undefined ? {} : { password: address.password }),
    maxRetriesPerRequest: 1,
    connectTimeout: 2000,
  });
  redis.on("error", onError);
  return {
    publish(channels, message) {
      for (const channel of channels) redis.publish(channel, message).catch(onError);
    },
    close: async () => redis.disconnect(),
  };
}
