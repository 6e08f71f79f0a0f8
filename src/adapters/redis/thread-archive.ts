import { z } from "zod";
import type {
  SavedThread,
  ThreadArchive,
  ThreadPosition,
  ThreadSummary,
} from "../../ports/thread-archive.ts";
import type { Owner } from "../../runs/run.ts";
import { runStatus } from "../../runs/run-schema.ts";
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
import { loadScript } from "./script.ts";

const LIST = loadScript("list-threads");
const CONDEMN = loadScript("condemn-thread");
const REMOVE = loadScript("remove-thread");
const STORE = loadScript("store-thread");
const APPROVALS = loadScript("thread-approvals");

/** Threads that one script looks at: others wait meanwhile. */
const LOOK = 1_000;

const score = z.string().transform(Number).pipe(z.number());
const row = z.tuple([z.string(), score, z.string(), runStatus, z.int()]);
const listReply = z.tuple([z.array(row), z.tuple([z.string(), score]).nullable()]);
const condemnReply = z.enum(["condemned", "busy", "gone"]);
const storeReply = z.literal([0, 1]).transform((stored) => stored === 1);
const approvalsReply = z.array(z.tuple([z.string(), z.unknown()]));
const effectsReply = z.array(z.string());

/** Whole threads; each change is one script. */
export function createRedisThreadArchive(redis: RedisCommands, threadTtlMs: number): ThreadArchive {
  const page = async (owner: Owner, after: ThreadPosition | null, limit: number, status: string) => {
    const key = threadsOfKey(owner);
    const from = after === null ? ["+inf", ""] : [after.updatedAt, after.threadId];
    const prefixes = [THREAD_KEY_PREFIX, RUN_KEY_PREFIX, UNFINISHED_KEY_PREFIX, APPROVAL_KEY_PREFIX];
    const reply = await redis.script(LIST, [key], [...from, limit, LOOK, status, ...prefixes]);
    const [rows, last] = parseRecord(listReply, reply, key);
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
      const key = approvalsKey(threadId);
      const reply = await redis.script(APPROVALS, [key], [APPROVAL_KEY_PREFIX, ...APPROVAL_FIELDS]);
      return parseRecord(approvalsReply, reply, key)
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
      const reply = await redis.script(STORE, storeKeys(saved), storeArguments(saved, at, threadTtlMs));
      return parseRecord(storeReply, reply, threadKey(saved.thread.threadId));
    },
    async condemn(threadId, owner, at) {
      const key = threadKey(threadId);
      const reply = await redis.script(CONDEMN, [key, DUE_KEY], [ownerText(owner), RUN_KEY_PREFIX, at]);
      return parseRecord(condemnReply, reply, key);
    },
    async remove(thread) {
      const { threadId } = thread;
      const lists = [threadKey(threadId), runsKey(threadId), approvalsKey(threadId)];
      const indexes = [PENDING_KEY, DUE_KEY, threadsOfKey(thread)];
      const ofMain = [hitlSessionKey(threadId), hitlSignalKey(threadId)];
      const rest = [unfinishedKey(threadId), ledgerKey(threadId), ...ofMain];
      const prefixes = [RUN_KEY_PREFIX, EVENTS_KEY_PREFIX, APPROVAL_KEY_PREFIX, HITL_REQUEST_KEY_PREFIX];
      const args = [threadId, ...prefixes, runsChannel(threadId)];
      await redis.script(REMOVE, [...lists, ...indexes, ...rest], args);
    },
  };
}

function toSummary([threadId, updatedAt, record, status, pendingApprovals]: z.output<
  typeof row
>): ThreadSummary {
  const { title, createdAt } = parseTitle(record, threadKey(threadId));
  return { threadId, title, status, createdAt, updatedAt, pendingApprovals };
}

function storeKeys({ thread, runs, approvals }: SavedThread): string[] {
  const { threadId } = thread;
  return [
    ...[threadKey(threadId), runsKey(threadId), approvalsKey(threadId), ledgerKey(threadId)],
    ...[threadsOfKey(thread), DUE_KEY],
    ...runs.flatMap(({ run: { runId } }) => [runKey(runId), eventsKey(runId)]),
    ...approvals.map(({ requestId }) => approvalKey(requestId)),
  ];
}

function storeArguments(
  { thread, runs, approvals, effects }: SavedThread,
  at: number,
  threadTtlMs: number,
): (string | number)[] {
  return [
    ...[threadTtlMs, runs.length, approvals.length],
    ...[thread.threadId, ownerText(thread), JSON.stringify(thread), thread.updatedAt, at],
    ...runs.flatMap(({ run, events, closed }) => [
      ...[run.runId, JSON.stringify(run), run.status, run.updatedAt, run.attempt, closed ? "1" : ""],
      events.length,
      ...events.flatMap((event) => [event.seq, encodeEvent(event)]),
    ]),
    ...approvals.flatMap((record) => [record.requestId, JSON.stringify(record), record.status]),
    ...effects.flatMap(encodeEffect),
  ];
}
