import { HITL_PREFIXES } from "@aura-platform/contract/hitl.ts";
import { z } from "zod";
import type { SavedThread, ThreadArchive } from "../../ports/thread-archive.ts";
import { hitlSessionKey, hitlSignalKey } from "../hitl-keys.ts";
import type { RedisCommands } from "./commands.ts";
import { decodeEffect, encodeEffect } from "./effect-ledger.ts";
import { encodeEvent } from "./event-format.ts";
import {
  approvalKey,
  approvalsKey,
  DUE_KEY,
  eventsKey,
  ledgerKey,
  PENDING_KEY,
  PREFIXES,
  runKey,
  runsChannel,
  runsKey,
  threadKey,
  threadsOfKey,
  unfinishedKey,
} from "./keys.ts";
import { parseRecord } from "./record-format.ts";
import { APPROVAL_FIELDS, ownerText, parseApproval } from "./records.ts";
import { condemnThread, readApprovals, removeThreadKeys, storeThread } from "./scripts/threads.ts";
import { createThreadList } from "./thread-list.ts";

const effectsReply = z.array(z.string());

/** Whole threads; each change is one script. */
export function createRedisThreadArchive(redis: RedisCommands, threadTtlMs: number): ThreadArchive {
  return {
    list: createThreadList(redis),
    async approvals(threadId) {
      const args = { ...PREFIXES, fields: APPROVAL_FIELDS };
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
      return condemnThread(redis, keys, { owner: ownerText(owner), at, ...PREFIXES });
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
      const channel = runsChannel(threadId);
      const requestPrefix = HITL_PREFIXES.request;
      await removeThreadKeys(redis, keys, { threadId, channel, requestPrefix, ...PREFIXES });
    },
  };
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
