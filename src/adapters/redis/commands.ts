import { BackendUnavailableError } from "../../errors.ts";
import { type RedisConnection, stripCommand } from "./connection.ts";
import { RecordFormatError } from "./record-format.ts";
import type { Argument, ScriptRunner } from "./script.ts";

/** How the stores talk to Redis. Replies are untrusted: parse them. */
export interface RedisCommands extends ScriptRunner {
  /**
   * @param args the key first
   * @throws BackendUnavailableError when Redis cannot do it now
   */
  command(name: string, args: readonly Argument[]): Promise<unknown>;
  /** Runs a script by its hash, sending the source only when Redis does not know it. Throws as `command`. */
  script: ScriptRunner["script"];
}

export function createCommands({ client, opened }: RedisConnection): RedisCommands {
  const send = async (name: string, args: Argument[]): Promise<unknown> => {
    // Only the first attempt to connect is worth waiting for: it is a process that has just started.
    await opened;
    return client.call(name, args);
  };

  return {
    async command(name, args) {
      try {
        return await send(name, [...args]);
      } catch (error) {
        throw backendError(error, args.slice(0, 1).map(String));
      }
    },
    async script({ sha, source }, keys, args) {
      const rest = [keys.length, ...keys, ...args];
      try {
        return await send("EVALSHA", [sha, ...rest]).catch((error) => {
          if (replyCode(error) !== "NOSCRIPT") throw error;
          return send("EVAL", [source, ...rest]);
        });
      } catch (error) {
        throw backendError(error, keys);
      }
    },
  };
}

/** Replies of a Redis that is there and cannot serve now: loading, failing over, out of memory, locked up. */
const UNAVAILABLE = new Set([
  "BUSY",
  "LOADING",
  "MASTERDOWN",
  "MISCONF",
  "NOAUTH",
  "NOREPLICAS",
  "OOM",
  "READONLY",
  "TRYAGAIN",
  "UNKILLABLE",
]);

/** What an operator has to know of some of them: Redis is there, and waiting does not help. */
const REFUSALS: Readonly<Record<string, string>> = Object.freeze({
  OOM: "Redis is full (maxmemory): it takes no more writes",
  MISCONF: "Redis cannot write to its disk, and so takes no more writes",
  READONLY: "Redis is a replica: it takes no writes",
  NOAUTH: "Redis wants a password (REDIS_PASSWORD)",
});

/** What a rejected command means: everything that is not an answer of Redis is a lost connection. */
export function backendError(error: unknown, keys: readonly string[]): unknown {
  if (error instanceof Error) stripCommand(error);
  const code = replyCode(error);
  if (code === undefined) return new BackendUnavailableError(error);
  if (UNAVAILABLE.has(code))
    return new BackendUnavailableError(error, REFUSALS[code] ?? `Redis refuses: ${code}`);
  if (code === "WRONGTYPE") {
    return new RecordFormatError(keys.join(", "), "holds another type of value", error);
  }
  return error;
}

/** Codes of a socket that was lost or never opened. */
const SOCKET_CODES = /^(?:ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOST|ENET)/;
/** What ioredis itself says of a command that it could not send, or whose answer did not come. */
const LOST_COMMAND =
  /Connection is closed|isn't writeable|Socket timeout|Command timed out|max retries per request/;

/**
 * Whether an error of an ioredis client, as it is thrown, means that Redis was out of reach or could not
 * serve.
 */
export function isRedisOutage(error: Error): boolean {
  const code = replyCode(error);
  if (code !== undefined) return UNAVAILABLE.has(code);
  if ("code" in error && typeof error.code === "string" && SOCKET_CODES.test(error.code)) return true;
  return LOST_COMMAND.test(error.message);
}

/** `WRONGTYPE` of "WRONGTYPE Operation against ..."; undefined when Redis did not answer at all. */
function replyCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== "ReplyError") return undefined;
  return error.message.split(" ", 1)[0];
}
