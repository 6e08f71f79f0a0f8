import type { ThreadSummary } from "@aura-platform/contract/threads.ts";
import type { z } from "zod";
import type { ThreadArchive, ThreadPosition } from "../../ports/thread-archive.ts";
import type { Owner } from "../../records/run.ts";
import type { RedisCommands } from "./commands.ts";
import { PREFIXES, threadKey, threadsOfKey } from "./keys.ts";
import { parseTitle } from "./records.ts";
import { listThreads, type threadRow } from "./scripts/threads.ts";

/** Threads that one script looks at: others wait meanwhile. */
const LOOK = 1_000;

/** ThreadArchive.list */
export function createThreadList(redis: RedisCommands): ThreadArchive["list"] {
  const page = async (owner: Owner, after: ThreadPosition | null, limit: number, status: string) => {
    const from = { from: after?.updatedAt ?? "+inf", after: after?.threadId ?? "" };
    const args = { ...from, limit, most: LOOK, status, ...PREFIXES };
    const [rows, last] = await listThreads(redis, { threadsOf: threadsOfKey(owner) }, args);
    const next = last === null ? null : { threadId: last[0], updatedAt: last[1] };
    return { items: rows.map(toSummary), next };
  };

  return async (owner, { after, status = "", limit }) => {
    // One more than asked for tells whether there is a next page.
    const found: ThreadSummary[] = [];
    let from = after;
    do {
      const { items, next } = await page(owner, from, limit + 1 - found.length, status);
      found.push(...items);
      from = next;
    } while (from !== null && found.length <= limit);
    const items = found.slice(0, limit);
    const last = items.at(-1);
    if (found.length <= limit || last === undefined) return { items, next: null };
    return { items, next: { updatedAt: last.updatedAt, threadId: last.threadId } };
  };
}

function toSummary(row: z.output<typeof threadRow>): ThreadSummary {
  const [threadId, updatedAt, record, status, pendingApprovals] = row;
  const { title, createdAt } = parseTitle(record, threadKey(threadId));
  return { threadId, title, status, createdAt, updatedAt, pendingApprovals };
}
