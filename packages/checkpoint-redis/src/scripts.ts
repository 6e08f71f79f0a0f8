import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Cluster, Redis } from "ioredis";

/** A Lua script: runs in Redis as one atomic step. */
export interface ThreadScript {
  readonly source: string;
  /** How Redis names it in EVALSHA. */
  readonly sha: string;
}

export type ScriptArgument = string | number | Buffer;

/** Scripts on a thread begin with prelude.lua; Redis has no other way to share code between scripts. */
export const READ = loadScript("prelude", "read");
export const PUT = loadScript("prelude", "prune", "put");
export const PUT_WRITES = loadScript("prelude", "put-writes");
export const DELETE = loadScript("prelude", "delete");
export const HISTORY = loadScript("prelude", "history");
export const FORGET = loadScript("forget");

/** Runs it by its hash, sending the source only when Redis does not know it. Replies hold Buffers. */
export async function runScript(
  redis: Redis | Cluster,
  { sha, source }: ThreadScript,
  keys: readonly string[],
  args: readonly ScriptArgument[],
): Promise<unknown> {
  const rest = [keys.length, ...keys, ...args];
  return withoutCommand(async () => {
    try {
      return await redis.callBuffer("evalsha", [sha, ...rest]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return await redis.callBuffer("eval", [source, ...rest]);
    }
  });
}

/** ioredis puts the command with all its arguments on its errors: conversations that no log may hold. */
export async function withoutCommand<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Error) Reflect.deleteProperty(error, "command");
    throw error;
  }
}

function loadScript(...names: string[]): ThreadScript {
  const files = names.map((name) => readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), "utf8"));
  const source = files.join("\n");
  return Object.freeze({ source, sha: createHash("sha1").update(source).digest("hex") });
}
