import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import { Redis } from "ioredis";
import type { RedisAddress } from "../src/adapters/redis/connection.ts";
import { messageOf, SetupError } from "./data-dir.ts";

interface PrivateRedis extends RedisAddress {
  /** Ends the server, gently first. */
  stop(): Promise<void>;
}

/** A running server of our own. */
export interface RedisProcess extends RedisAddress {
  pid: number;
  /** Resolves when the server is gone, however that came. */
  ended: Promise<void>;
  /** Sends the signal and resolves when the server is gone. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

export interface RedisSettings {
  /** Where it keeps its files. */
  dir: string;
  /** Default: a free one. */
  port?: number;
  /** Whether it keeps an append-only file, so that the data outlive it. */
  appendOnly: boolean;
  /** More command line arguments. */
  args?: readonly string[];
  /** How long it may take until it accepts connections, in ms. */
  startupMs: number;
}

const HOST = "127.0.0.1";
const ATTEMPTS = 3;
const STARTUP_MS = 10_000;
const STOP_MS = 5_000;

/** The first Redis-compatible server on PATH. */
export function findRedisServer(path = process.env.PATH ?? ""): string | undefined {
  const folders = path.split(delimiter).filter((folder) => folder !== "");
  return ["redis-server", "valkey-server"]
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find(isExecutable);
}

/** Starts a server of our own on a free port, its append-only file under `dir`. */
export async function startPrivateRedis(
  binary: string,
  dir: string,
  logger: FastifyBaseLogger,
): Promise<PrivateRedis> {
  mkdirSync(dir, { recursive: true });
  const server = await launchRedis(binary, { dir, appendOnly: true, startupMs: STARTUP_MS });
  let stopping = false;
  server.ended.then(() => {
    if (!stopping) logger.error(`redis-server on port ${server.port} has ended by itself`);
  });
  return {
    host: server.host,
    port: server.port,
    async stop() {
      stopping = true;
      // Redis saves and ends on SIGTERM; a Redis that hangs is killed.
      const timer = setTimeout(() => void server.end("SIGKILL"), STOP_MS);
      await server.end("SIGTERM");
      clearTimeout(timer);
    },
  };
}

/**
 * Starts a server of our own, which does not outlive this process, and resolves when it accepts connections.
 * @throws {SetupError} with its last words when it ends before that, or takes longer than `startupMs`
 */
export async function launchRedis(binary: string, settings: RedisSettings): Promise<RedisProcess> {
  for (let attempt = 1; ; attempt += 1) {
    // Between finding a free port and using it someone else may take it: hence the attempts.
    const port = settings.port ?? (await freePort());
    const { pid, ready, ended, end, lastWords } = spawnServer(binary, port, settings);
    const timer = new AbortController();
    try {
      await Promise.race([
        ready,
        ended.then(() => Promise.reject(new Error("the server has ended"))),
        wait(settings.startupMs, undefined, { signal: timer.signal }).then(() =>
          Promise.reject(new Error("no answer")),
        ),
      ]);
      return { host: HOST, port, pid, ended, end };
    } catch (cause) {
      await end("SIGKILL");
      if (attempt === ATTEMPTS || settings.port !== undefined) {
        throw new SetupError(`${binary} does not start: ${lastWords() || messageOf(cause)}`, { cause });
      }
    } finally {
      timer.abort();
    }
  }
}

function spawnServer(binary: string, port: number, { dir, appendOnly, args = [] }: RedisSettings) {
  const settings = ["--port", `${port}`, "--bind", HOST, "--dir", resolve(dir), "--daemonize", "no"];
  const durability = ["--appendonly", appendOnly ? "yes" : "no", "--save", ""];
  const child = spawn(binary, [...settings, ...durability, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: Ctrl-C must reach Redis only after Aura has closed.
    detached: true,
  });
  let output = "";
  const ready = Promise.withResolvers<void>();
  const hear = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4096);
    // Its own word, and not an answer on its port: there somebody else may answer.
    if (/ready to accept connections/i.test(output)) ready.resolve();
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  // Not `once`: a failed spawn emits `error` and no `exit`.
  const ended = new Promise<void>((resolveEnded) => {
    child.on("exit", () => resolveEnded());
    child.on("error", (error) => {
      output += error.message;
      resolveEnded();
    });
  });
  const watchdog = watch(child, ended);
  return {
    pid: child.pid ?? 0,
    ready: ready.promise,
    ended,
    lastWords: () => output.trim().split("\n").at(-1) ?? "",
    async end(signal: "SIGTERM" | "SIGKILL") {
      child.kill(signal);
      await ended;
      await watchdog;
    },
  };
}

/**
 * Redis must not outlive this process, however it ends (a forced exit, a crash, SIGKILL): a shell waits for
 * the end of a pipe that only this process holds open, then kills Redis by its id. Resolves when the shell is
 * gone.
 */
async function watch(redis: ChildProcess, ended: Promise<void>): Promise<void> {
  if (redis.pid === undefined) return;
  const shell = spawn("sh", ["-c", 'read -r _; kill -KILL "$1"', "redis-watchdog", `${redis.pid}`], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  const gone = new Promise<void>((resolveGone) => {
    shell.on("exit", () => resolveGone());
    shell.on("error", () => resolveGone());
  });
  await ended;
  // First: the pid may soon belong to another process.
  shell.kill("SIGKILL");
  await gone;
}

/** Waits until a Redis answers PING; rejects when it does not in time, or when `ended` comes first. */
export async function answers(
  address: RedisAddress,
  timeoutMs: number,
  ended: Promise<void> = new Promise(() => {}),
): Promise<void> {
  const redis = new Redis({
    host: address.host,
    port: address.port,
    ...(address.password === undefined ? {} : { password: address.password }),
    connectTimeout: timeoutMs,
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
    // AUTH failures and LOADING are answers too: PING below reports them.
    enableReadyCheck: true,
  });
  let lastError = "no answer";
  redis.on("error", (error: Error) => {
    lastError = messageOf(error);
  });
  const timer = new AbortController();
  try {
    await Promise.race([
      redis.ping(),
      ended.then(() => Promise.reject(new Error("the server has ended"))),
      wait(timeoutMs, undefined, { signal: timer.signal }).then(() => Promise.reject(new Error(lastError))),
    ]);
  } finally {
    timer.abort();
    redis.disconnect();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolveClosed) => server.close(resolveClosed));
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return address.port;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
