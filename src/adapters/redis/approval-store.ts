import { HITL_TTL_S } from "@aura-platform/contract/hitl.ts";
import { z } from "zod";
import type {
  ApprovalStore,
  ReplaceResult,
  SettleResult,
  SupersedeResult,
} from "../../ports/approval-store.ts";
import type { ApprovalRecord, Decision } from "../../records/approval.ts";
import {
  awaitsResume,
  isDecidedThere,
  replacementOf,
  restatementOf,
  settlingOf,
  withTaskId,
} from "../published-request.ts";
import { asPending, openArguments, openKeys, replacement } from "./approval-arguments.ts";
import type { RedisCommands } from "./commands.ts";
import {
  APPROVAL_KEY_PREFIX,
  approvalKey,
  DUE_KEY,
  hitlRequestKey,
  hitlTaskKey,
  PENDING_KEY,
  SETTLED_KEY,
  unfinishedKey,
} from "./keys.ts";
import { createPendingApprovals } from "./pending-approvals.ts";
import { parseRecord, RecordFormatError } from "./record-format.ts";
import { APPROVAL_FIELDS, decisionJson, parseApproval, withLateDecision } from "./records.ts";
import { loadScript } from "./script.ts";

const OPEN = loadScript("open");
const UNFINISHED = loadScript("unfinished");
const SETTLE = loadScript("settle");
const SUPERSEDE = loadScript("supersede");
const REPLACE = loadScript("replace");
const FINISH = loadScript("finish");
const LINK = loadScript("link-task");
const RESTATE = loadScript("restate");

const openReply = z.array(z.literal([0, 1]));
const unfinishedReply = z.array(z.tuple([z.string(), z.unknown()]));
const settleReply = z.tuple([z.literal([1, 0, -1, -2, -3]), z.unknown()]);
const supersedeReply = z.literal([0, 1, -1]);
const doneReply = z.literal([0, 1]);
const replaceReply = z.literal([0, 1, -1]);
const published = z.string().nullable();

/**
 * One HASH per approval: the record as it was opened, status and decision in fields of their own, so that no
 * script ever decodes what a model or a person wrote (Lua's cjson turns [] into {} and rounds numbers).
 */
export function createRedisApprovalStore(redis: RedisCommands): ApprovalStore {
  const fieldsOf = (key: string) => redis.command("HMGET", [key, ...APPROVAL_FIELDS]);

  const get = async (requestId: string) => {
    const key = approvalKey(requestId);
    return parseApproval(await fieldsOf(key), key);
  };

  const publishedRequest = async (requestId: string) => {
    const key = hitlRequestKey(requestId);
    return parseRecord(published, await redis.command("GET", [key]), key);
  };

  const unfinished = async (threadId: string) => {
    const key = unfinishedKey(threadId);
    const reply = parseRecord(
      unfinishedReply,
      await redis.script(UNFINISHED, [key], [APPROVAL_KEY_PREFIX]),
      key,
    );
    return reply.map(([requestId, fields]) => requireApproval(fields, requestId));
  };

  const settleOnce = async (
    requestId: string,
    decision: Decision,
  ): Promise<SettleResult | null | "retry"> => {
    const key = approvalKey(requestId);
    const [record, request] = await Promise.all([get(requestId), publishedRequest(requestId)]);
    if (record === null) return null;
    const settling = record.status === "pending" ? settlingOf(record, request, decision) : null;
    if (settling === null) return { settled: false, record };
    const reply = await redis.script(
      SETTLE,
      [key, hitlRequestKey(requestId), PENDING_KEY, DUE_KEY, SETTLED_KEY],
      [
        settling.decision.status,
        decisionJson(settling.decision),
        decision.decidedAt,
        ...replacement(request, settling.request),
        settling.isOpenAtMain ? requestId : "",
      ],
    );
    const [outcome, fields] = parseRecord(settleReply, reply, key);
    if (outcome === -3) throw new RecordFormatError(key, "lacks fields");
    if (outcome === -2) return null;
    if (outcome === -1) return "retry";
    return { settled: outcome === 1, record: requireApproval(fields, requestId) };
  };

  const supersedeOnce = async (
    threadId: string,
    runId: string,
    decision: Decision,
  ): Promise<SupersedeResult | "retry"> => {
    const ofThread = await unfinished(threadId);
    const open = ofThread.filter((record) => record.runId === runId);
    const decided = byCreation(open).find(({ status }) => awaitsResume(status));
    if (decided !== undefined) return { kind: "decided", record: decided };
    const pending = open.filter(({ status }) => status === "pending");
    const requests = await Promise.all(pending.map(({ requestId }) => publishedRequest(requestId)));
    const unheard = pending.find((record, index) => isDecidedThere(requests[index] ?? null, record));
    if (unheard !== undefined) return { kind: "decided", record: unheard };
    const keys = pending.flatMap(({ requestId }) => [approvalKey(requestId), hitlRequestKey(requestId)]);
    const reply = await redis.script(
      SUPERSEDE,
      [unfinishedKey(threadId), PENDING_KEY, SETTLED_KEY, ...keys],
      [
        decisionJson(decision),
        decision.decidedAt,
        ofThread.length,
        ...ofThread.map(({ requestId }) => requestId),
        ...pending.flatMap((record, index) => {
          const request = requests[index] ?? null;
          const after = settlingOf(record, request, decision)?.request ?? null;
          return [record.requestId, ...replacement(request, after)];
        }),
      ],
    );
    const outcome = parseRecord(supersedeReply, reply, unfinishedKey(threadId));
    if (outcome === 0) return "retry";
    if (outcome === -1)
      throw new RecordFormatError(unfinishedKey(threadId), "names records that lack fields");
    const settled = open.map((record) => (record.status === "pending" ? { ...record, ...decision } : record));
    const records = byCreation(settled).filter(({ status }) => status === "superseded");
    return { kind: "superseded", records };
  };

  const replaceOnce = async (
    requestId: string,
    edited: ApprovalRecord,
  ): Promise<ReplaceResult | null | "retry"> => {
    const [record, request] = await Promise.all([get(requestId), publishedRequest(requestId)]);
    if (record === null) return null;
    const replacing = replacementOf(record, request, edited);
    if (replacing === null) return { kind: "stands", record };
    const key = approvalKey(requestId);
    const keys = [key, hitlRequestKey(requestId), PENDING_KEY, DUE_KEY, SETTLED_KEY, ...openKeys(edited)];
    const reply = await redis.script(REPLACE, keys, [
      requestId,
      decisionJson(replacing.decision),
      replacing.decision.decidedAt,
      ...replacement(request, replacing.request),
      ...openArguments(edited),
    ]);
    const outcome = parseRecord(replaceReply, reply, key);
    if (outcome === -1) throw new RecordFormatError(key, "lacks fields");
    return outcome === 0 ? "retry" : { kind: "replaced", record: asPending(edited) };
  };

  const restateOnce = async (requestId: string, at: number): Promise<ApprovalRecord | null | "retry"> => {
    const key = approvalKey(requestId);
    const [fields, request] = await Promise.all([fieldsOf(key), publishedRequest(requestId)]);
    const record = parseApproval(fields, key);
    const restatement = record === null ? null : restatementOf(record, request, at);
    if (record === null || request === null || restatement === null) return null;
    const { lateDecision, request: restated } = restatement;
    const decision = withLateDecision(fields, lateDecision, key);
    const keys = [key, hitlRequestKey(requestId)];
    const reply = await redis.script(RESTATE, keys, [record.status, request, restated ?? "", decision]);
    return parseRecord(doneReply, reply, key) === 0 ? "retry" : { ...record, lateDecision };
  };

  return {
    get,
    publishedRequest,
    ...createPendingApprovals(redis),
    async open(records) {
      if (records.length === 0) return [];
      const keys = [PENDING_KEY, ...records.flatMap(openKeys)];
      const reply = await redis.script(OPEN, keys, records.flatMap(openArguments));
      const opened = parseRecord(openReply, reply, approvalKey(records[0]?.requestId ?? ""));
      return records.filter((_, index) => opened[index] === 1).map(asPending);
    },
    unfinished: async (threadId) => byCreation(await unfinished(threadId)),
    settle: (requestId, decision) => untilStill(() => settleOnce(requestId, decision)),
    supersede: (threadId, runId, at) =>
      untilStill(() => supersedeOnce(threadId, runId, { status: "superseded", decidedAt: at })),
    replace: (requestId, edited) => untilStill(() => replaceOnce(requestId, edited)),
    restate: (requestId, at) => untilStill(() => restateOnce(requestId, at)),
    async link(requestId, taskId) {
      await untilStill(async () => {
        const text = await publishedRequest(requestId);
        const linked = text === null ? null : withTaskId(text, taskId);
        if (text === null || linked === null) return "settled";
        const keys = [hitlRequestKey(requestId), hitlTaskKey(taskId), approvalKey(requestId)];
        const reply = await redis.script(LINK, keys, [text, linked, requestId, HITL_TTL_S.task]);
        return parseRecord(doneReply, reply, hitlRequestKey(requestId)) === 0 ? "retry" : "linked";
      });
    },
    async finish(threadId, requestIds) {
      if (requestIds.length === 0) return;
      await redis.script(FINISH, [unfinishedKey(threadId)], requestIds);
    },
  };
}

/** An approval is written a handful of times in its life: whoever rewrites its request for longer than this is no service of ours. */
const MAX_ATTEMPTS = 100;

/** A script refuses to write on what has changed since it was read: each refusal means that somebody else got on. */
async function untilStill<T>(attempt: () => Promise<T | "retry">): Promise<T> {
  for (let tried = 0; tried < MAX_ATTEMPTS; tried += 1) {
    const result = await attempt();
    if (result !== "retry") return result;
  }
  throw new Error("an approval is being rewritten without end");
}

function requireApproval(fields: unknown, requestId: string): ApprovalRecord {
  const key = approvalKey(requestId);
  const record = parseApproval(fields, key);
  if (record === null) throw new RecordFormatError(key, "is gone, though its thread waits for it");
  return record;
}

/** Oldest first; the sort is stable, so those of one moment keep the order in which they were opened. */
function byCreation(records: readonly ApprovalRecord[]): ApprovalRecord[] {
  return records.toSorted((a, b) => a.createdAt - b.createdAt);
}
