import type { LateDecision } from "@aura-platform/contract/approvals.ts";
import { jsonObject } from "@aura-platform/contract/json-text.ts";
import { z } from "zod";
import type { ApprovalRecord, Decision } from "../../records/approval.ts";
import { approvalRecord } from "../../records/approval-schema.ts";
import type { Owner, RunRecord, ThreadRecord } from "../../records/run.ts";
import { runRecord, threadRecord } from "../../records/run-schema.ts";
import { jsonField, parseRecord, timeField } from "./record-format.ts";

const storedObject = jsonField.pipe(jsonObject);
const optionalObject = storedObject.nullable();
/** Null until a transition sets it: then the record's own stands. */
const attempt = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number)
  .nullable();

/** Ids with a blank between. */
const workers = z
  .string()
  .transform((text) => text.split(" "))
  .nullable();

/** Fields of a HASH as HMGET answers them; all are null when there is no such key. */
const threadFields = z.tuple([storedObject, timeField, z.string(), timeField.nullable()]);
const runFields = z.tuple([
  storedObject,
  z.string(),
  timeField,
  optionalObject,
  attempt,
  timeField.nullable(),
  workers,
  z.string().nullable(),
]);
const approvalFields = z.tuple([storedObject, z.string(), optionalObject]);

export const THREAD_FIELDS = Object.freeze(["record", "updatedAt", "currentRunId", "deletedAt"]);
export const RUN_FIELDS = Object.freeze([
  ...["record", "status", "updatedAt", "error", "attempt"],
  ...["workedMs", "workers", "alone"],
]);
export const APPROVAL_FIELDS = Object.freeze(["record", "status", "decision"]);

/** The thread in an HMGET of THREAD_FIELDS. */
export function parseThread(reply: unknown, key: string): ThreadRecord | null {
  if (isAbsent(reply)) return null;
  const [record, updatedAt, currentRunId, deletedAt] = parseRecord(threadFields, reply, key);
  const deletion = deletedAt === null ? {} : { deletedAt };
  return parseRecord(threadRecord, { ...record, updatedAt, currentRunId, ...deletion }, key);
}

const titled = jsonField.pipe(z.looseObject({ title: z.string().default(""), createdAt: z.number() }));

/** What a list shows of a thread's record. */
export function parseTitle(record: string, key: string): { title: string; createdAt: number } {
  return parseRecord(titled, record, key);
}

/** JSON, because tenant and user may hold any character: ("a", "b:c") must differ from ("a:b", "c"). */
export function ownerText({ tenantId, userId }: Owner): string {
  return JSON.stringify([tenantId, userId]);
}

/** An owner as ownerText writes it. */
export const ownerField = jsonField
  .pipe(z.tuple([z.string(), z.string()]))
  .transform(([tenantId, userId]): Owner => ({ tenantId, userId }));

/** The run in an HMGET of RUN_FIELDS. */
export function parseRun(reply: unknown, key: string): RunRecord | null {
  if (isAbsent(reply)) return null;
  const [record, status, updatedAt, error, attempt, workedMs, workers, alone] = parseRecord(
    runFields,
    reply,
    key,
  );
  const changing = {
    // Runs of the first version have none.
    attempt: attempt ?? record.attempt ?? 1,
    status,
    updatedAt,
    ...(error && { error }),
    ...(workedMs === null ? {} : { workedMs }),
    ...(workers && { workers }),
    ...(alone && { alone }),
  };
  return parseRecord(runRecord, { ...record, ...changing }, key);
}

/** The approval in an HMGET of APPROVAL_FIELDS. */
export function parseApproval(reply: unknown, key: string): ApprovalRecord | null {
  if (isAbsent(reply)) return null;
  const [record, status, decision] = parseRecord(approvalFields, reply, key);
  return parseRecord(approvalRecord, { ...record, ...decision, status }, key);
}

/** What a decision adds to a record, as JSON; the status has a field of its own. */
export function decisionJson({ status: _, ...decision }: Decision): string {
  return JSON.stringify(decision);
}

/** A HASH's `decision` with what came too late; all that a newer version has put there stays. */
export function withLateDecision(reply: unknown, lateDecision: LateDecision, key: string): string {
  const decision = parseRecord(approvalFields, reply, key)[2];
  return JSON.stringify({ ...decision, lateDecision });
}

function isAbsent(reply: unknown): boolean {
  return Array.isArray(reply) && reply.every((field) => field === null);
}
