import type { Redis } from "ioredis";
import { SignJWT } from "jose";
import {
  createEmbeddedHitlStorage,
  createRedisHitlStorage,
  type HitlStorage,
} from "../../devstack/hitl-storage.ts";
import { signToken } from "../../devstack/jwt.ts";
import { createEmbeddedBus, type EmbeddedBus } from "../../src/adapters/embedded/bus.ts";
import type { TestRedis } from "../helpers/redis.ts";

export const secret = "a secret of at least thirty-two bytes";

/** What Aura and a listening Aura do on the other side of the storage. */
export interface Shared {
  storage: HitlStorage;
  set(key: string, value: string, ttlS: number): Promise<void>;
  get(key: string): Promise<string | null>;
  /** Remaining lifetime in seconds. */
  ttl(key: string): Promise<number>;
  /** Messages on hitl:channel:*, as [channel, message]; call `settled` before reading. */
  heard: [string, string][];
  settled(): Promise<void>;
  /**
   * What was written and published so far, oldest first: "set hitl:request:...". Redis tells of it a little
   * later.
   */
  order: string[];
  close(): Promise<void>;
}

export function embedded(): Shared {
  const ttls = new Map<string, number>();
  const order: string[] = [];
  const real = createEmbeddedBus();
  const bus: EmbeddedBus = {
    ...real,
    set(key, value, ttlS) {
      order.push(`set ${key}`);
      ttls.set(key, ttlS);
      real.set(key, value, ttlS);
    },
    publish(channel, message) {
      order.push(`publish ${channel}`);
      return real.publish(channel, message);
    },
  };
  const heard: [string, string][] = [];
  bus.subscribe("hitl:channel:", (channel, message) => heard.push([channel, message]));
  return {
    storage: createEmbeddedHitlStorage(bus),
    set: async (key, value, ttlS) => bus.set(key, value, ttlS),
    get: async (key) => bus.get(key),
    ttl: async (key) => ttls.get(key) ?? 0,
    heard,
    settled: () => new Promise((resolve) => setImmediate(resolve)),
    order,
    close: async () => {},
  };
}

export async function redisBacked(redis: TestRedis): Promise<Shared> {
  const client: Redis = redis.client();
  await client.flushall();
  const subscriber = redis.client();
  const heard: [string, string][] = [];
  subscriber.on("pmessage", (_pattern: string, channel: string, message: string) =>
    heard.push([channel, message]),
  );
  await subscriber.psubscribe("hitl:channel:*");
  const monitor = await client.monitor();
  // A test may take its Redis down.
  monitor.on("error", () => {});
  const order: string[] = [];
  monitor.on("monitor", (_time: string, [command = "", key = ""]: string[]) => {
    if (/^(set|publish)$/i.test(command)) order.push(`${command.toLowerCase()} ${key}`);
  });
  return {
    storage: createRedisHitlStorage(redis),
    set: async (key, value, ttlS) => void (await client.set(key, value, "EX", ttlS)),
    get: (key) => client.get(key),
    ttl: (key) => client.ttl(key),
    heard,
    // PING travels behind every message that the subscriber was sent before.
    settled: async () => void (await subscriber.ping()),
    order,
    async close() {
      client.disconnect();
      monitor.disconnect();
      subscriber.disconnect();
    },
  };
}

export const stored = {
  requestId: "req-12345",
  sessionId: "session-1",
  userId: "user123",
  tenantId: "1",
  actionType: "send_email",
  context: { to: "kim@example.com", cc: [], subject: "Hi", body: "안녕" },
  status: "pending",
  createdAt: 1_706_152_860_123,
};

export async function headersOf(user: string, tenant: string): Promise<Record<string, string>> {
  const token = await signToken(secret, { user, tenant, email: "", role: "user" }, 60);
  return { authorization: `Bearer ${token}`, "x-tenant-id": tenant, "x-user-id": user };
}

export async function expiredToken(): Promise<string> {
  const token = await new SignJWT({ tenant_id: "1" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("user123")
    .setExpirationTime(1)
    .sign(new TextEncoder().encode(secret));
  return `Bearer ${token}`;
}
