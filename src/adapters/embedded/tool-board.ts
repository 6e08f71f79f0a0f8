import type { ToolBoard } from "../../ports/tool-board.ts";

/** One process: what it says, it hears. */
export function createEmbeddedToolBoard(now: () => number): ToolBoard {
  let standing: { list: string; until: number } | null = null;
  return {
    async put(list, ttlMs) {
      standing = { list, until: now() + ttlMs };
    },
    async get() {
      return standing !== null && now() < standing.until ? standing.list : null;
    },
  };
}
