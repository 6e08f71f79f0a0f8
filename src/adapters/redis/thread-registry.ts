import { z } from "zod";
import type { BeginOptions, BeginResult, ThreadRegistry } from "../../ports/thread-registry.ts";
import { checkTransition, type RunRecord, titleOf } from "../../records/run.ts";
import type { RedisCommands } from "./commands.ts";
import { createRedisDueRuns } from "./due-runs.ts";
import {
  approvalsKey,
  DUE_KEY,
  idempotentRunKey,
  ledgerKey,
  PREFIXES,
  queuedInKey,
  queuedOfKey,
  runKey,
  runsChannel,
  runsKey,
  threadKey,
  threadsOfKey,
  unfinishedKey,
} from "./keys.ts";
import { parseRecord, RecordFormatError } from "./record-format.ts";
import { ownerText, parseRun, parseThread, RUN_FIELDS, THREAD_FIELDS } from "./records.ts";
import { attendRun, type beginReply, beginRun, moveRun } from "./scripts/runs.ts";
import type { Subscriber } from "./subscriber.ts";

const IDEMPOTENCY_TTL_MS = 24 * 60 * 60 * 1000;

const ids = z.array(z.string());

/**
 * One HASH per thread and per run: what never changes as JSON, what changes in fields of its own.
 *
 * @param threadTtlMs how long what is written lives, unless its thread is used again
 */
export function createRedisThreadRegistry(
  redis: RedisCommands,
  subscriber: Subscriber,
  threadTtlMs: number,
): ThreadRegistry {
  return {
    async begin(run, options = {}) {
      const reply = await beginRun(redis, beginKeys(run, options), beginArguments(run, options, threadTtlMs));
      return beginResult(reply, run, threadKey(run.threadId));
    },
    async thread(threadId) {
      const key = threadKey(threadId);
      return parseThread(await redis.command("HMGET", [key, ...THREAD_FIELDS]), key);
    },
    async run(runId) {
      const key = runKey(runId);
      return parseRun(await redis.command("HMGET", [key, ...RUN_FIELDS]), key);
    },
    async runsOf(threadId) {
      const key = runsKey(threadId);
      return parseRecord(ids, await redis.command("LRANGE", [key, 0, -1]), key);
    },
    async transition(runId, from, to, at, { error, attempt, worker, workedMs } = {}, ifAttempt = undefined) {
      checkTransition(from, to);
      const key = runKey(runId);
      const reply = await moveRun(
        redis,
        { run: key, due: DUE_KEY },
        {
          runId,
          status: to,
          at,
          ttlMs: threadTtlMs,
          error: error === undefined ? "" : JSON.stringify(error),
          attempt: attempt ?? "",
          ifAttempt: ifAttempt ?? "",
          worker: worker?.id ?? "",
          alone: worker?.alone === true ? "1" : "",
          workedMs: workedMs ?? "",
          from,
        },
      );
      return reply === null ? null : parseRun(reply, key);
    },
    async attend(runId, worker, what) {
      await attendRun(redis, { run: runKey(runId) }, { worker, what });
    },
    ...createRedisDueRuns(redis),
    async watch(threadId, onChange) {
      const listener = { onMessage: onChange, onResubscribed: onChange };
      return subscriber.subscribe(runsChannel(threadId), listener);
    },
  };
}

function beginKeys(run: RunRecord, { idempotency }: BeginOptions): Parameters<typeof beginRun>[1] {
  const { threadId, runId } = run;
  return {
    thread: threadKey(threadId),
    run: runKey(runId),
    runs: runsKey(threadId),
    due: DUE_KEY,
    threadsOf: threadsOfKey(run),
    unfinished: unfinishedKey(threadId),
    approvals: approvalsKey(threadId),
    effects: ledgerKey(threadId),
    queuedOf: queuedOfKey(run),
    queuedIn: queuedInKey(run.tenantId),
    idempotent: idempotency === undefined ? undefined : idempotentRunKey(run, idempotency.key),
  };
}

function beginArguments(
  run: RunRecord,
  { replaces = "", idempotency, queued }: BeginOptions,
  threadTtlMs: number,
): Parameters<typeof beginRun>[2] {
  const { runId, threadId, tenantId, userId, createdAt, updatedAt } = run;
  const title = titleOf(run.prompt);
  return {
    owner: ownerText(run),
    runId,
    threadId,
    threadRecord: JSON.stringify({ v: 1, threadId, tenantId, userId, createdAt, title }),
    runRecord: JSON.stringify(run),
    createdAt,
    updatedAt,
    replaces,
    ...PREFIXES,
    ttlMs: threadTtlMs,
    channel: runsChannel(threadId),
    userCap: queued?.user ?? "",
    tenantCap: queued?.tenant ?? "",
    bodyDigest: idempotency?.bodyDigest,
    keyTtlMs: idempotency === undefined ? undefined : IDEMPOTENCY_TTL_MS,
  };
}

function beginResult(reply: z.infer<typeof beginReply>, run: RunRecord, key: string): BeginResult {
  switch (reply[0]) {
    case "busy":
      return { kind: "busy", runId: reply[1], status: reply[2] };
    case "repeated":
      return { kind: "repeated", runId: reply[1] };
    case "full":
      return { kind: "full", scope: reply[1] };
    case "exists":
      throw new Error(`run ${run.runId} exists already`);
    case "corrupt":
      throw new RecordFormatError(key, "names no owner or no current run");
    default:
      return { kind: reply[0] };
  }
}
