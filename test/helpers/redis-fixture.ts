import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Redis } from "ioredis";
import { z } from "zod";

const bytes = z.string().transform((text) => Buffer.from(text, "base64"));
const flat = z.array(bytes);
const record = z.discriminatedUnion("type", [
  z.object({ key: z.string(), ttl: z.boolean(), type: z.literal("string"), value: bytes }),
  z.object({ key: z.string(), ttl: z.boolean(), type: z.enum(["hash", "zset", "set", "list"]), value: flat }),
  z.object({
    key: z.string(),
    ttl: z.boolean(),
    type: z.literal("stream"),
    value: z.array(z.tuple([z.string(), flat])),
  }),
]);
type StoredKey = z.infer<typeof record>;

/** What had a time to live gets this one. */
const TTL_S = 30 * 24 * 3600;

/** Writes a recorded Redis into an empty one: a line per key, without job queue and leases. */
export async function restoreRedis(redis: Redis, name: string): Promise<void> {
  const file = join(import.meta.dirname, "../fixtures", `${name}.json.gz`);
  const keys = z.array(record).parse(JSON.parse(gunzipSync(readFileSync(file)).toString()));
  for (const stored of keys) {
    await restore(redis, stored);
    if (stored.ttl) await redis.expire(stored.key, TTL_S);
  }
}

async function restore(redis: Redis, { key, type, value }: StoredKey): Promise<void> {
  switch (type) {
    case "string":
      await redis.set(key, value);
      return;
    case "hash":
      await redis.call("HSET", key, ...value);
      return;
    case "set":
      await redis.sadd(key, ...value);
      return;
    case "list":
      await redis.rpush(key, ...value);
      return;
    case "zset":
      for (let at = 0; at < value.length; at += 2) {
        await redis.call("ZADD", key, String(value[at + 1]), value[at] ?? "");
      }
      return;
    case "stream":
      for (const [id, fields] of value) await redis.call("XADD", key, id, ...fields);
  }
}
