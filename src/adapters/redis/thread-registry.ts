import { z } from "zod";
import type { BeginOptions, BeginResult, ThreadRegistry } from "../../ports/thread-registry.ts";
import { type RunRecord, titleOf } from "../../runs/run.ts";
import { runStatus } from "../../runs/run-schema.ts";
import type { RedisCommands } from "./commands.ts";
import {
  approvalsKey,
  DUE_KEY,
  dueMember,
  idempotencyKey,
  LEASE_KEY_PREFIX,
  ledgerKey,
  queuedInKey,
  queuedOfKey,
  RUN_KEY_PREFIX,
  runKey,
  runsChannel,
  runsKey,
  THREAD_KEY_PREFIX,
  threadKey,
  threadsOfKey,
  unfinishedKey,
} from "./keys.ts";
import { parseRecord, RecordFormatError } from "./record-format.ts";
import { ownerField, ownerText, parseRun, parseThread, RUN_FIELDS, THREAD_FIELDS } from "./records.ts";
import { loadScript } from "./script.ts";
import type { Subscriber } from "./subscriber.ts";

const BEGIN = loadScript("begin");
const TRANSITION = loadScript("transition");
const ATTEND = loadScript("attend");
const NOT_DUE = loadScript("not-due");
const TAKE_DUE = loadScript("take-due");

const IDEMPOTENCY_TTL_MS = 24 * 60 * 60 * 1000;

const beginReply = z.union([
  z.tuple([z.enum(["started", "foreign", "mismatch", "exists", "corrupt", "deleting"])]),
  z.tuple([z.literal("repeated"), z.string()]),
  z.tuple([z.literal("full"), z.enum(["user", "tenant"])]),
  z.tuple([z.literal("busy"), z.string(), runStatus]),
]);
const ids = z.array(z.string());
const dueScore = z.string().transform(Number).pipe(z.number());
const dueReply = z.array(z.tuple([z.string(), z.string(), z.string(), z.string()]));

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
      const key = threadKey(run.threadId);
      const reply = await redis.script(
        BEGIN,
        beginKeys(run, options),
        beginArguments(run, options, threadTtlMs),
      );
      return beginResult(parseRecord(beginReply, reply, key), run, key);
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
      const key = runKey(runId);
      const patch = [error === undefined ? "" : JSON.stringify(error), attempt ?? ""];
      const who = [worker?.id ?? "", worker?.alone === true ? "1" : ""];
      const args = [runId, to, at, threadTtlMs, ...patch, ifAttempt ?? "", ...who, workedMs ?? "", ...from];
      const reply = await redis.script(TRANSITION, [key, DUE_KEY], args);
      return reply === null ? null : parseRun(reply, key);
    },
    async attend(runId, worker, what) {
      await redis.script(ATTEND, [runKey(runId)], [worker, what]);
    },
    async makeDue(runId, threadId, at) {
      await redis.command("ZADD", [DUE_KEY, at, dueMember(runId, threadId)]);
    },
    async dueAt(runId) {
      const score = await redis.command("ZSCORE", [DUE_KEY, dueMember(runId)]);
      return score === null ? null : parseRecord(dueScore, score, DUE_KEY);
    },
    async notDue(runId, since) {
      await redis.script(NOT_DUE, [DUE_KEY], [dueMember(runId), since ?? ""]);
    },
    async takeDue(now, nextDue, limit) {
      if (nextDue <= now) throw new RangeError("due runs can only be put off to later than now");
      const prefixes = [RUN_KEY_PREFIX, LEASE_KEY_PREFIX, THREAD_KEY_PREFIX];
      const reply = await redis.script(TAKE_DUE, [DUE_KEY], [now, nextDue, limit, ...prefixes]);
      return parseRecord(dueReply, reply, DUE_KEY).flatMap(([runId, threadId, text, status]) => {
        const owner = ownerField.safeParse(text).data;
        // One that is damaged must not hide the others.
        return owner === undefined ? [] : [{ runId, threadId, ...owner, begun: status !== "queued" }];
      });
    },
    async watch(threadId, onChange) {
      const listener = { onMessage: onChange, onResubscribed: onChange };
      return subscriber.subscribe(runsChannel(threadId), listener);
    },
  };
}

function beginKeys(run: RunRecord, { idempotency }: BeginOptions): string[] {
  const { threadId, runId } = run;
  const others = [unfinishedKey(threadId), approvalsKey(threadId), ledgerKey(threadId)];
  const own = [threadKey(threadId), runKey(runId), runsKey(threadId)];
  const queued = [queuedOfKey(run), queuedInKey(run.tenantId)];
  const keys = [...own, DUE_KEY, threadsOfKey(run), ...others, ...queued];
  return idempotency === undefined ? keys : [...keys, idempotencyKey(run, idempotency.key)];
}

function beginArguments(
  run: RunRecord,
  { replaces = "", idempotency, queued }: BeginOptions,
  threadTtlMs: number,
): (string | number)[] {
  const { runId, threadId, tenantId, userId, createdAt } = run;
  const title = titleOf(run.prompt);
  const thread = JSON.stringify({ v: 1, threadId, tenantId, userId, createdAt, title });
  return [
    ...[ownerText(run), runId, threadId, thread, JSON.stringify(run), createdAt, run.updatedAt],
    ...[replaces, RUN_KEY_PREFIX, threadTtlMs, runsChannel(threadId)],
    ...[queued?.user ?? "", queued?.tenant ?? ""],
    ...(idempotency === undefined ? [] : [idempotency.bodyDigest, IDEMPOTENCY_TTL_MS]),
  ];
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
