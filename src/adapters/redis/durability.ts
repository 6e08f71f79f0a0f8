import { z } from "zod";
import type { RedisCommands } from "./commands.ts";

/**
 * What this Redis may lose of the threads that it is trusted with, one line each, for the log at boot. A
 * setting that may not be read (managed services forbid CONFIG) is not warned about.
 */
export async function durabilityWarnings(redis: RedisCommands): Promise<string[]> {
  const [appendOnly, save, policy, memory] = await Promise.all(
    ["appendonly", "save", "maxmemory-policy", "maxmemory"].map((name) => setting(redis, name)),
  );
  const warnings: string[] = [];
  if (appendOnly === "no" && save === "") {
    warnings.push(
      'Redis keeps nothing on disk (appendonly no, save ""): its restart loses every thread and every approval that waits',
    );
  } else if (appendOnly === "no") {
    warnings.push(
      "Redis keeps snapshots only (appendonly no): its restart loses threads and approvals since the last snapshot",
    );
  }
  if (policy !== undefined && policy !== "noeviction" && memory !== "0") {
    warnings.push(
      `Redis evicts keys when memory is full (maxmemory-policy ${policy}): threads and waiting approvals can vanish; use noeviction`,
    );
  }
  return warnings;
}

async function setting(redis: RedisCommands, name: string): Promise<string | undefined> {
  const reply = await redis.command("CONFIG", ["GET", name]).catch((error: unknown) => {
    if (error instanceof Error && /^(NOPERM|ERR unknown)/.test(error.message)) return null;
    throw error;
  });
  return z.tuple([z.string(), z.string()]).safeParse(reply).data?.[1];
}
