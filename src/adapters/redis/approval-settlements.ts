import type {
  ApprovalStore,
  ReplaceResult,
  SettleResult,
  SupersedeResult,
} from "../../ports/approval-store.ts";
import type { ApprovalRecord, Decision } from "../../records/approval.ts";
import { hitlRequestKey } from "../hitl-keys.ts";
import {
  awaitsResume,
  isDecidedThere,
  replacementOf,
  restatementOf,
  settlingOf,
} from "../published-request.ts";
import { asPending, openArguments, openKeys, requestChange } from "./approval-arguments.ts";
import { type ApprovalReader, byCreation, requireApproval } from "./approval-reader.ts";
import type { RedisCommands } from "./commands.ts";
import { approvalKey, DUE_KEY, PENDING_KEY, SETTLED_KEY, unfinishedKey } from "./keys.ts";
import { RecordFormatError } from "./record-format.ts";
import { decisionJson, parseApproval, withLateDecision } from "./records.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { replaceApproval, restateApproval, settleApproval, supersedeApprovals } from "./scripts/approvals.ts";

interface Context {
  redis: RedisCommands;
  reader: ApprovalReader;
}

const INDEXES = Object.freeze({ pending: PENDING_KEY, due: DUE_KEY, settled: SETTLED_KEY });

/**
 * What ends an approval, or says again how it ended: each reads first, and writes if nothing has changed
 * since.
 */
export function createRedisApprovalSettlements(
  context: Context,
): Pick<ApprovalStore, "settle" | "supersede" | "replace" | "restate"> {
  return {
    settle: (requestId, decision) => retryOnConflict(() => settle(context, requestId, decision)),
    supersede: (threadId, runId, at) =>
      retryOnConflict(() => supersede(context, threadId, runId, { status: "superseded", decidedAt: at })),
    replace: (requestId, edited) => retryOnConflict(() => replace(context, requestId, edited)),
    restate: (requestId, at) => retryOnConflict(() => restate(context, requestId, at)),
  };
}

async function settle(
  { redis, reader }: Context,
  requestId: string,
  decision: Decision,
): Promise<SettleResult | null | "conflict"> {
  const [record, request] = await Promise.all([reader.get(requestId), reader.publishedRequest(requestId)]);
  if (record === null) return null;
  const settling = settlingOf(record, request, decision);
  if (settling === null) return { settled: false, record };
  const key = approvalKey(requestId);
  const [outcome, fields] = await settleApproval(
    redis,
    { approval: key, request: hitlRequestKey(requestId), ...INDEXES },
    {
      status: settling.decision.status,
      decision: decisionJson(settling.decision),
      decidedAt: decision.decidedAt,
      ...requestChange(request, settling.request),
      settledId: settling.isOpenAtMain ? requestId : "",
    },
  );
  if (outcome === -3) throw new RecordFormatError(key, "lacks fields");
  if (outcome === -2) return null;
  if (outcome === -1) return "conflict";
  return { settled: outcome === 1, record: requireApproval(fields, requestId) };
}

async function supersede(
  { redis, reader }: Context,
  threadId: string,
  runId: string,
  decision: Decision,
): Promise<SupersedeResult | "conflict"> {
  const ofThread = await reader.unfinished(threadId);
  const open = ofThread.filter((record) => record.runId === runId);
  const decided = byCreation(open).find(({ status }) => awaitsResume(status));
  if (decided !== undefined) return { kind: "decided", record: decided };
  const pending = await Promise.all(
    open
      .filter(({ status }) => status === "pending")
      .map(async (record) => ({ record, request: await reader.publishedRequest(record.requestId) })),
  );
  const unheard = pending.find(({ record, request }) => isDecidedThere(request, record));
  if (unheard !== undefined) return { kind: "decided", record: unheard.record };
  const unfinished = unfinishedKey(threadId);
  const outcome = await supersedeApprovals(
    redis,
    {
      ...{ unfinished, ...INDEXES },
      approvals: pending.map(({ record: { requestId } }) => ({
        approval: approvalKey(requestId),
        request: hitlRequestKey(requestId),
      })),
    },
    {
      decision: decisionJson(decision),
      decidedAt: decision.decidedAt,
      unfinishedCount: ofThread.length,
      unfinished: ofThread.map(({ requestId }) => requestId),
      approvals: pending.map(({ record, request }) => ({
        requestId: record.requestId,
        ...requestChange(request, settlingOf(record, request, decision)?.request ?? null),
      })),
    },
  );
  if (outcome === 0) return "conflict";
  if (outcome === -1) throw new RecordFormatError(unfinished, "names records that lack fields");
  const settled = open.map((record) => (record.status === "pending" ? { ...record, ...decision } : record));
  return {
    kind: "superseded",
    records: byCreation(settled).filter(({ status }) => status === "superseded"),
  };
}

async function replace(
  { redis, reader }: Context,
  requestId: string,
  edited: ApprovalRecord,
): Promise<ReplaceResult | null | "conflict"> {
  const [record, request] = await Promise.all([reader.get(requestId), reader.publishedRequest(requestId)]);
  if (record === null) return null;
  const replacing = replacementOf(record, request, edited);
  if (replacing === null) return { kind: "stands", record };
  const key = approvalKey(requestId);
  const outcome = await replaceApproval(
    redis,
    { replaced: key, replacedRequest: hitlRequestKey(requestId), ...INDEXES, ...openKeys(edited) },
    {
      replacedId: requestId,
      decision: decisionJson(replacing.decision),
      decidedAt: replacing.decision.decidedAt,
      ...requestChange(request, replacing.request),
      ...openArguments(edited),
    },
  );
  if (outcome === -1) throw new RecordFormatError(key, "lacks fields");
  return outcome === 0 ? "conflict" : { kind: "replaced", record: asPending(edited) };
}

async function restate(
  { redis, reader }: Context,
  requestId: string,
  at: number,
): Promise<ApprovalRecord | null | "conflict"> {
  const key = approvalKey(requestId);
  const [fields, request] = await Promise.all([reader.fields(requestId), reader.publishedRequest(requestId)]);
  const record = parseApproval(fields, key);
  const restatement = record === null ? null : restatementOf(record, request, at);
  if (record === null || request === null || restatement === null) return null;
  const { lateDecision, request: restated } = restatement;
  const done = await restateApproval(
    redis,
    { approval: key, request: hitlRequestKey(requestId) },
    {
      status: record.status,
      requestBefore: request,
      requestAfter: restated ?? "",
      decision: withLateDecision(fields, lateDecision, key),
    },
  );
  return done === 0 ? "conflict" : { ...record, lateDecision };
}
