import type { ApprovalRecord } from "../../records/approval.ts";
import { toHitlRequest } from "../../records/approval.ts";
import { hitlRequestKey, hitlSessionKey } from "../hitl-keys.ts";
import { publishedLifetimes } from "../published-request.ts";
import { approvalKey, approvalsKey, pendingOfKey, unfinishedKey } from "./keys.ts";
import { pendingMember } from "./pending-approvals.ts";

// What the scripts of approvals are given, where two of them are given the same.

/** What hitl:request must still be, what it held, and what it becomes ('' when it stays as it is): see settle.lua. */
export function replacement(request: string | null, after: string | null): [string, string, string] {
  return request === null ? ["absent", "", ""] : ["same", request, after ?? ""];
}

export function openKeys(record: ApprovalRecord): string[] {
  const { requestId, threadId } = record;
  return [
    approvalKey(requestId),
    unfinishedKey(threadId),
    approvalsKey(threadId),
    pendingOfKey(record),
    hitlRequestKey(requestId),
    hitlSessionKey(threadId),
  ];
}

export function openArguments(record: ApprovalRecord): (string | number)[] {
  const { requestId, threadId, runId } = record;
  const pending = asPending(record);
  const lifetimes = publishedLifetimes(record);
  return [
    requestId,
    threadId,
    JSON.stringify(pending),
    JSON.stringify(toHitlRequest(pending)),
    lifetimes.request,
    lifetimes.session,
    runId,
    pendingMember(record),
  ];
}

export function asPending(record: ApprovalRecord): ApprovalRecord {
  return { ...record, status: "pending" };
}
