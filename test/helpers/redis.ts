import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { findRedisServer, launchRedis, type RedisProcess } from "../../devstack/private-redis.ts";

export interface RedisOptions {
  /** Keeps an append-only file, so that the data outlive down() and kill9(). */
  appendOnly?: boolean;
  /** More command line arguments (`--requirepass x`). */
  args?: readonly string[];
}

/** A Redis of the test's own. */
export interface TestRedis {
  readonly host: string;
  readonly port: number;
  /** The running server's process id, for SIGSTOP and SIGCONT. */
  pid(): number;
  /** A new connection; stop() closes it. */
  client(): Redis;
  /** Stops the server in good order; up() starts it again on the same port. */
  down(): Promise<void>;
  /** The same, without a chance to write anything. */
  kill9(): Promise<void>;
  up(): Promise<void>;
  /** down() and up(). To keep the data the server needs `appendOnly`. */
  restart(options: { keepData: boolean }): Promise<void>;
  /** Stops the server for good, closes the clients and removes the data. */
  stop(): Promise<void>;
}

/** A start that takes longer never ends (vitest.config.ts has the same for tests). */
const STARTUP_MS = 180_000;

/** Starts a private redis-server (or valkey-server) on a free port, as the demo does. */
export async function startRedis({ appendOnly = false, args = [] }: RedisOptions = {}): Promise<TestRedis> {
  const binary = findRedisServer();
  if (binary === undefined) throw new Error("redis-server or valkey-server is needed: run npm run setup");
  const dir = mkdtempSync(join(tmpdir(), "aura-redis-"));
  const clients = new Set<Redis>();
  const settings = { dir, appendOnly, args, startupMs: STARTUP_MS };
  let server: RedisProcess | null = await launchRedis(binary, settings);
  const { host, port } = server;

  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    const ending = server;
    server = null;
    await ending?.end(signal);
  };
  const up = async () => {
    server ??= await launchRedis(binary, { ...settings, port });
  };

  return {
    host,
    port,
    up,
    pid() {
      if (server === null) throw new Error("this Redis is down");
      return server.pid;
    },
    client() {
      const client = new Redis({ host, port });
      // While the server is down the tests see rejected commands; ioredis would print to the console as well.
      client.on("error", () => {});
      clients.add(client);
      return client;
    },
    down: () => end("SIGTERM"),
    kill9: () => end("SIGKILL"),
    async restart({ keepData }) {
      if (keepData && !appendOnly) throw new Error("keepData needs startRedis({ appendOnly: true })");
      await end("SIGTERM");
      if (!keepData) rmSync(join(dir, "appendonlydir"), { recursive: true, force: true });
      await up();
    },
    async stop() {
      for (const client of clients) client.disconnect();
      await end("SIGKILL");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
