import { Redis } from "ioredis";
import type { BackendLogger } from "../backend-logger.ts";
import type { Availability } from "./availability.ts";

export interface RedisAddress {
  host: string;
  port: number;
  password?: string | undefined;
}

/** What a part needs that opens connections of its own. */
export interface Connecting {
  address: RedisAddress;
  /** Hears of each connection that is lost, or back. */
  availability: Availability;
  logger: BackendLogger;
}

export interface RedisConnection {
  client: Redis;
  /** Resolves when the first attempt to connect has succeeded or failed. */
  opened: Promise<void>;
  /** Resolves when the socket is gone, whether or not Redis is there. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 2_000;
const MAX_BACKOFF_MS = 2_000;

/** What becomes of commands while Redis is away. */
export interface ConnectionPolicy {
  enableOfflineQueue: boolean;
  autoResendUnfulfilledCommands: boolean;
  maxRetriesPerRequest: number | null;
  /** How long Redis may be silent with a command pending, in ms. */
  socketTimeout: number;
}

/** Redis answers in microseconds: one that is silent for 5 s is gone. */
const NONE: ConnectionPolicy = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  socketTimeout: 5_000,
};

/**
 * Opens a connection that reconnects for ever. A command meets one of two fates: it is written to Redis at
 * once, or it is rejected. None is kept for later or sent twice: a write whose caller has given up must not
 * happen after all, and one that may have happened must not happen again.
 *
 * @param policy for commands while Redis is away, where it is to be another one
 */
export function openConnection(
  address: RedisAddress,
  name: string,
  availability: Availability,
  policy = NONE,
): RedisConnection {
  const client = new Redis({
    host: address.host,
    port: address.port,
    ...(address.password === undefined ? {} : { password: address.password }),
    connectionName: `aura-${name}`,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), MAX_BACKOFF_MS) * jitter(),
    // A primary that became a replica: the address leads to the new primary.
    reconnectOnError: (error) => error.message.startsWith("READONLY"),
    // subscriber.ts does this itself, and learns when it is done.
    autoResubscribe: false,
    ...policy,
  });

  let closing = false;
  let lastError: Error | undefined;
  client.on("error", (error: Error) => {
    lastError = stripCommand(error);
  });
  client.on("ready", () => {
    lastError = undefined;
    availability.up(name);
  });
  client.on("close", () => {
    if (!closing) availability.down(name, lastError ?? new Error("connection closed"));
  });

  const opened = new Promise<void>((resolve) => {
    client.once("ready", resolve);
    client.once("close", resolve);
    client.once("end", resolve);
  });

  return {
    client,
    opened,
    async close() {
      closing = true;
      // Between two attempts there is no socket, and ioredis never says that it has ended.
      const idle = client.status === "reconnecting" || client.status === "end";
      const ended = idle ? undefined : new Promise((resolve) => client.once("end", resolve));
      client.disconnect();
      await ended;
    },
  };
}

/** Spreads the reconnects of many processes. */
function jitter(): number {
  return 0.5 + Math.random() / 2;
}

/** ioredis puts the command with all its arguments on its errors: prompts and mails that no log may hold. */
export function stripCommand(error: Error): Error {
  Reflect.deleteProperty(error, "command");
  return error;
}
