import { z } from "zod";
import type { ToolBoard } from "../../ports/tool-board.ts";
import type { RedisCommands } from "./commands.ts";
import { TOOLS_KEY } from "./keys.ts";

const reply = z.string().nullable();

/**
 * One key: all processes that work on runs have the same settings, and the last one that spoke is as good as
 * another.
 */
export function createRedisToolBoard(redis: RedisCommands): ToolBoard {
  return {
    async put(list, ttlMs) {
      await redis.command("SET", [TOOLS_KEY, list, "PX", ttlMs]);
    },
    async get() {
      return reply.parse(await redis.command("GET", [TOOLS_KEY]));
    },
  };
}
