import type { ApprovalRecord } from "../../records/approval.ts";
import { toHitlRequest } from "../../records/approval.ts";
import { hitlRequestKey, hitlSessionKey } from "../hitl-keys.ts";
import { publishedLifetimes } from "../published-request.ts";
import { approvalKey, approvalsKey, pendingOfKey, unfinishedKey } from "./keys.ts";
import { pendingMember } from "./pending-approvals.ts";

// What the scripts of approvals are given, where two of them are given the same.

/**
 * What hitl:request must still be, what it held, and what it becomes ('' when it stays as it is): see
 * settle.lua.
 */
export function requestChange(before: string | null, after: string | null) {
  return before === null
    ? { requestIs: "absent", requestBefore: "", requestAfter: "" }
    : { requestIs: "same", requestBefore: before, requestAfter: after ?? "" };
}

/** The keys of an approval that is opened. */
export function openKeys(record: ApprovalRecord) {
  const { requestId, threadId } = record;
  return {
    approval: approvalKey(requestId),
    unfinished: unfinishedKey(threadId),
    approvals: approvalsKey(threadId),
    pendingOf: pendingOfKey(record),
    request: hitlRequestKey(requestId),
    session: hitlSessionKey(threadId),
  };
}

/** What is stored of it. */
export function openArguments(record: ApprovalRecord) {
  const { requestId, threadId, runId } = record;
  const pending = asPending(record);
  const lifetimes = publishedLifetimes(record);
  return {
    requestId,
    threadId,
    record: JSON.stringify(pending),
    requestJson: JSON.stringify(toHitlRequest(pending)),
    requestTtlMs: lifetimes.request,
    sessionTtlMs: lifetimes.session,
    runId,
    member: pendingMember(record),
  };
}

export function asPending(record: ApprovalRecord): ApprovalRecord {
  return { ...record, status: "pending" };
}
