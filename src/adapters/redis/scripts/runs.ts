import { runStatus } from "@aura-platform/contract/run-status.ts";
import { z } from "zod";
import { hashFields } from "../record-format.ts";
import { defineScript } from "../script.ts";

const done = z.literal([0, 1]);
const ids = z.array(z.string());

export const beginReply = z.union([
  z.tuple([z.enum(["started", "foreign", "mismatch", "exists", "corrupt", "deleting"])]),
  z.tuple([z.literal("repeated"), z.string()]),
  z.tuple([z.literal("full"), z.enum(["user", "tenant"])]),
  z.tuple([z.literal("busy"), z.string(), runStatus]),
]);

export const beginRun = defineScript(
  "begin",
  [
    "thread",
    "run",
    "runs",
    "due",
    "threadsOf",
    "unfinished",
    "approvals",
    "effects",
    "queuedOf",
    "queuedIn",
    "idempotent?",
  ],
  [
    "owner",
    "runId",
    "threadId",
    "threadRecord",
    "runRecord",
    "createdAt",
    "updatedAt",
    "replaces",
    "runPrefix",
    "ttlMs",
    "channel",
    "userCap",
    "tenantCap",
    "bodyDigest?",
    "keyTtlMs?",
  ],
  beginReply,
);

/** The run's RUN_FIELDS after the move; null when nothing was changed. */
export const moveRun = defineScript(
  "transition",
  ["run", "due"],
  [
    "runId",
    "status",
    "at",
    "ttlMs",
    "error",
    "attempt",
    "ifAttempt",
    "worker",
    "alone",
    "workedMs",
    "...from",
  ],
  hashFields.nullable(),
);

export const attendRun = defineScript("attend", ["run"], ["worker", "what"], done);

export const takeOutOfDue = defineScript("not-due", ["due"], ["runId", "since"], done);

/** Per run its id, its thread's id, its owner as text and its status. */
export const takeDueRuns = defineScript(
  "take-due",
  ["due"],
  ["now", "nextDue", "limit", "runPrefix", "leasePrefix", "threadPrefix"],
  z.array(z.tuple([z.string(), z.string(), z.string(), z.string()])),
);

export const saveReport = defineScript("save-report", ["run"], ["report"], done);

/** The runs' ids. */
export const takeReports = defineScript("take-reports", ["due"], ["now", "nextDue", "limit"], ids);
