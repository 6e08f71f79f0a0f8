import { join } from "node:path";
import type { FastifyBaseLogger } from "fastify";
import type { RedisAddress } from "../src/adapters/redis/connection.ts";
import { messageOf, SetupError } from "./data-dir.ts";
import { answers, findRedisServer, startPrivateRedis } from "./private-redis.ts";

/** Where the demo keeps shared state, and how that came about. */
export type DemoBackend =
  | { kind: "given" | "private"; address: RedisAddress; stop(): Promise<void> }
  | { kind: "embedded"; stop(): Promise<void> };

const GIVEN_REDIS_MS = 3_000;
const nothingToStop = async () => {};

/**
 * REDIS_HOST when set; else a private server when there is one on PATH; else embedded.
 * AURA_BACKEND, when set, has the last word.
 */
export async function chooseBackend(
  env: NodeJS.ProcessEnv,
  dataDir: string,
  logger: FastifyBaseLogger,
): Promise<DemoBackend> {
  if (env.AURA_BACKEND === "embedded") return { kind: "embedded", stop: nothingToStop };
  if (env.REDIS_HOST !== undefined) {
    const address = {
      host: env.REDIS_HOST,
      port: Number(env.REDIS_PORT ?? 6379),
      password: env.REDIS_PASSWORD,
    };
    await requireAnswer(address);
    return { kind: "given", address, stop: nothingToStop };
  }
  const binary = findRedisServer();
  if (binary !== undefined) {
    const { stop, ...address } = await startPrivateRedis(binary, join(dataDir, "redis"), logger);
    return { kind: "private", address, stop };
  }
  if (env.AURA_BACKEND === "redis") {
    throw new SetupError(
      "AURA_BACKEND is redis, but REDIS_HOST is not set and no redis-server is on PATH: run `npm run setup`",
    );
  }
  return { kind: "embedded", stop: nothingToStop };
}

/** For the log and the page, with the command that looks inside. */
export function describeBackend(backend: DemoBackend): string {
  if (backend.kind === "embedded") return "embedded (no Redis: the services share one process)";
  const { host, port } = backend.address;
  const whose = backend.kind === "private" ? "the demo's own" : "REDIS_HOST";
  return `Redis ${host}:${port} (${whose}); look inside: redis-cli -h ${host} -p ${port}`;
}

async function requireAnswer(address: RedisAddress): Promise<void> {
  try {
    await answers(address, GIVEN_REDIS_MS);
  } catch (cause) {
    throw new SetupError(
      `REDIS_HOST ${address.host}:${address.port} does not answer (${messageOf(cause)}): start that Redis, or unset REDIS_HOST`,
      { cause },
    );
  }
}
