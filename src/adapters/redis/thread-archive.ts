import { z } from "zod";
import type {
  SavedThread,
  ThreadArchive,
  ThreadPosition,
  ThreadSummary,
} from "../../ports/thread-archive.ts";
import type { Owner } from "../../runs/run.ts";
import { HITL_REQUEST_KEY_PREFIX, hitlSessionKey, hitlSignalKey } from "../hitl-keys.ts";
import type { RedisCommands } from "./commands.ts";
import { decodeEffect, encodeEffect } from "./effect-ledger.ts";
import { encodeEvent } from "./event-format.ts";
import {
  APPROVAL_KEY_PREFIX,
  approvalKey,
  approvalsKey,
  DUE_KEY,
  EVENTS_KEY_PREFIX,
  eventsKey,
  ledgerKey,
  PENDING_KEY,
  RUN_KEY_PREFIX,
  runKey,
  runsChannel,
  runsKey,
  THREAD_KEY_PREFIX,
  threadKey,
  threadsOfKey,
  UNFINISHED_KEY_PREFIX,
  unfinishedKey,
} from "./keys.ts";
import { parseRecord } from "./record-format.ts";
import { APPROVAL_FIELDS, ownerText, parseApproval, parseTitle } from "./records.ts";
import {
  condemnThread,
  listThreads,
  readApprovals,
  removeThread,
  storeThread,
  type threadRow,
} from "./scripts/threads.ts";

/** Threads that one script looks at: others wait meanwhile. */
const LOOK = 1_000;

const effectsReply = z.array(z.string());

/** Whole threads; each change is one script. */
export function createRedisThreadArchive(redis: RedisCommands, threadTtlMs: number): ThreadArchive {
  const page = async (owner: Owner, after: ThreadPosition | null, limit: number, status: string) => {
    const args = {
      from: after?.updatedAt ?? "+inf",
      after: after?.threadId ?? "",
      limit,
      most: LOOK,
      status,
      threadPrefix: THREAD_KEY_PREFIX,
      runPrefix: RUN_KEY_PREFIX,
      unfinishedPrefix: UNFINISHED_KEY_PREFIX,
      approvalPrefix: APPROVAL_KEY_PREFIX,
    };
    const [rows, last] = await listThreads(redis, { threadsOf: threadsOfKey(owner) }, args);
    const next = last === null ? null : { threadId: last[0], updatedAt: last[1] };
    return { items: rows.map(toSummary), next };
  };

  return {
    async list(owner, { after, status = "", limit }) {
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
    },
    async approvals(threadId) {
      const args = { prefix: APPROVAL_KEY_PREFIX, fields: APPROVAL_FIELDS };
      const found = await readApprovals(redis, { approvals: approvalsKey(threadId) }, args);
      return found
        .flatMap(([requestId, fields]) => parseApproval(fields, approvalKey(requestId)) ?? [])
        .sort((a, b) => a.createdAt - b.createdAt || (a.requestId < b.requestId ? -1 : 1));
    },
    async effects(threadId) {
      const key = ledgerKey(threadId);
      const flat = parseRecord(effectsReply, await redis.command("HGETALL", [key]), key);
      const fields = flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]] as const] : []));
      // Redis has no order of its own: the same thread is always the same document.
      return fields
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => decodeEffect(name, value, key));
    },
    async store(saved, at) {
      return (await storeThread(redis, storeKeys(saved), storeArguments(saved, at, threadTtlMs))) === 1;
    },
    async condemn(threadId, owner, at) {
      const keys = { thread: threadKey(threadId), due: DUE_KEY };
      return condemnThread(redis, keys, { owner: ownerText(owner), runPrefix: RUN_KEY_PREFIX, at });
    },
    async remove(thread) {
      const { threadId } = thread;
      const ofMain = [hitlSessionKey(threadId), hitlSignalKey(threadId)];
      const keys = {
        thread: threadKey(threadId),
        runs: runsKey(threadId),
        approvals: approvalsKey(threadId),
        pending: PENDING_KEY,
        due: DUE_KEY,
        threadsOf: threadsOfKey(thread),
        rest: [unfinishedKey(threadId), ledgerKey(threadId), ...ofMain],
      };
      await removeThread(redis, keys, {
        threadId,
        runPrefix: RUN_KEY_PREFIX,
        eventsPrefix: EVENTS_KEY_PREFIX,
        approvalPrefix: APPROVAL_KEY_PREFIX,
        requestPrefix: HITL_REQUEST_KEY_PREFIX,
        channel: runsChannel(threadId),
      });
    },
  };
}

function toSummary([threadId, updatedAt, record, status, pendingApprovals]: z.output<
  typeof threadRow
>): ThreadSummary {
  const { title, createdAt } = parseTitle(record, threadKey(threadId));
  return { threadId, title, status, createdAt, updatedAt, pendingApprovals };
}

function storeKeys({ thread, runs, approvals }: SavedThread): Parameters<typeof storeThread>[1] {
  const { threadId } = thread;
  return {
    thread: threadKey(threadId),
    runIds: runsKey(threadId),
    approvalIds: approvalsKey(threadId),
    effects: ledgerKey(threadId),
    threadsOf: threadsOfKey(thread),
    due: DUE_KEY,
    runs: runs.map(({ run: { runId } }) => ({ run: runKey(runId), log: eventsKey(runId) })),
    approvals: approvals.map(({ requestId }) => approvalKey(requestId)),
  };
}

function storeArguments(
  { thread, runs, approvals, effects }: SavedThread,
  at: number,
  threadTtlMs: number,
): Parameters<typeof storeThread>[2] {
  return {
    ttlMs: threadTtlMs,
    runCount: runs.length,
    approvalCount: approvals.length,
    threadId: thread.threadId,
    owner: ownerText(thread),
    threadRecord: JSON.stringify(thread),
    updatedAt: thread.updatedAt,
    dueAt: at,
    runs: runs.flatMap(({ run, events, closed }) => [
      ...[run.runId, JSON.stringify(run), run.status, run.updatedAt, run.attempt, closed ? "1" : ""],
      events.length,
      ...events.flatMap((event) => [event.seq, encodeEvent(event)]),
    ]),
    approvals: approvals.map((record) => ({
      requestId: record.requestId,
      record: JSON.stringify(record),
      status: record.status,
    })),
    effects: effects.map((each) => {
      const [name, effect] = encodeEffect(each);
      return { name, effect };
    }),
  };
}
