import { z } from "zod";
import type { ApprovalRecord, Decision } from "../../approvals/approval.ts";
import type { ErrorCode } from "../../errors.ts";
import { ERRORS } from "../../errors.ts";
import type { RunRecord, ThreadRecord } from "../../runs/run.ts";
import { jsonField, parseRecord, timeField } from "./record-format.ts";

// Records are loose: a field that this file does not list, because a newer process wrote it or because nobody
// added it here, is passed on and never lost.

export const errorCode = z.custom<ErrorCode>(
  (value) => typeof value === "string" && Object.hasOwn(ERRORS, value),
  "is not an error code",
);

export const runStatus = z.enum(["queued", "running", "waiting", "completed", "failed", "cancelled"]);

const json = z.record(z.string(), z.unknown());
const owner = { tenantId: z.string(), userId: z.string() };

const run = z.looseObject({
  v: z.literal(1),
  runId: z.string(),
  threadId: z.string(),
  ...owner,
  status: runStatus,
  prompt: z.string(),
  context: json,
  language: z.enum(["ko", "en"]),
  traceId: z.string(),
  attempt: z.int().positive(),
  createdAt: z.number(),
  updatedAt: z.number(),
  replaces: z.string().exactOptional(),
  continuesFrom: z.string().exactOptional(),
  error: z.looseObject({ errorCode, message: z.string() }).exactOptional(),
}) satisfies z.ZodType<RunRecord>;

const thread = z.looseObject({
  v: z.literal(1),
  threadId: z.string(),
  ...owner,
  createdAt: z.number(),
  updatedAt: z.number(),
  currentRunId: z.string(),
}) satisfies z.ZodType<ThreadRecord>;

const approval = z.looseObject({
  v: z.literal(1),
  requestId: z.string(),
  threadId: z.string(),
  runId: z.string(),
  ...owner,
  interruptId: z.string(),
  taskId: z.string(),
  toolCallId: z.string(),
  actionType: z.string(),
  context: json,
  digest: z.string(),
  message: z.string(),
  status: z.enum(["pending", "approved", "rejected", "expired", "superseded", "cancelled"]),
  reason: z.string().exactOptional(),
  decidedBy: z.string().exactOptional(),
  createdAt: z.number(),
  expiresAt: z.number(),
  decidedAt: z.number().exactOptional(),
}) satisfies z.ZodType<ApprovalRecord>;

const jsonObject = jsonField.pipe(json);
const optionalObject = jsonObject.nullable();
/** Null until a transition sets it: then the record's own stands. */
const attempt = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number)
  .nullable();

/** Fields of a HASH as HMGET answers them; all are null when there is no such key. */
const threadFields = z.tuple([jsonObject, timeField, z.string()]);
const runFields = z.tuple([jsonObject, z.string(), timeField, optionalObject, attempt]);
const approvalFields = z.tuple([jsonObject, z.string(), optionalObject]);

export const THREAD_FIELDS = Object.freeze(["record", "updatedAt", "currentRunId"]);
export const RUN_FIELDS = Object.freeze(["record", "status", "updatedAt", "error", "attempt"]);
export const APPROVAL_FIELDS = Object.freeze(["record", "status", "decision"]);

/** The thread in an HMGET of THREAD_FIELDS. */
export function parseThread(reply: unknown, key: string): ThreadRecord | null {
  if (isAbsent(reply)) return null;
  const [record, updatedAt, currentRunId] = parseRecord(threadFields, reply, key);
  return parseRecord(thread, { ...record, updatedAt, currentRunId }, key);
}

/** The run in an HMGET of RUN_FIELDS. */
export function parseRun(reply: unknown, key: string): RunRecord | null {
  if (isAbsent(reply)) return null;
  const [record, status, updatedAt, error, attempt] = parseRecord(runFields, reply, key);
  // Runs of the first version have none.
  const attempts = { attempt: attempt ?? record.attempt ?? 1 };
  return parseRecord(run, { ...record, ...attempts, status, updatedAt, ...(error && { error }) }, key);
}

/** The approval in an HMGET of APPROVAL_FIELDS. */
export function parseApproval(reply: unknown, key: string): ApprovalRecord | null {
  if (isAbsent(reply)) return null;
  const [record, status, decision] = parseRecord(approvalFields, reply, key);
  return parseRecord(approval, { ...record, ...decision, status }, key);
}

/** What a decision adds to a record, as JSON; the status has a field of its own. */
export function decisionJson({ status: _, ...decision }: Decision): string {
  return JSON.stringify(decision);
}

function isAbsent(reply: unknown): boolean {
  return Array.isArray(reply) && reply.every((field) => field === null);
}
