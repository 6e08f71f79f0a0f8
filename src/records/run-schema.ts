import { z } from "zod";
import { errorCode } from "./event-schema.ts";
import type { RunRecord, ThreadRecord } from "./run.ts";

// Records are loose: a field that this file does not list, because a newer process wrote it or because nobody
// added it here, is passed on and never lost.

export const runStatus = z.enum(["queued", "running", "waiting", "completed", "failed", "cancelled"]);

const json = z.record(z.string(), z.unknown());
const owner = { tenantId: z.string(), userId: z.string() };

export const runRecord = z.looseObject({
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
  workedMs: z.number().exactOptional(),
  createdAt: z.number(),
  updatedAt: z.number(),
  replaces: z.string().exactOptional(),
  continuesFrom: z.string().exactOptional(),
  forkedFrom: z.string().exactOptional(),
  promptId: z.string().exactOptional(),
  error: z
    .looseObject({ errorCode, message: z.string(), reason: z.literal("no_progress").exactOptional() })
    .exactOptional(),
  workers: z.array(z.string()).exactOptional(),
  alone: z.string().exactOptional(),
}) satisfies z.ZodType<RunRecord>;

export const threadRecord = z.looseObject({
  v: z.literal(1),
  threadId: z.string(),
  ...owner,
  createdAt: z.number(),
  updatedAt: z.number(),
  currentRunId: z.string(),
  title: z.string().exactOptional(),
  importedAt: z.number().exactOptional(),
  deletedAt: z.number().exactOptional(),
}) satisfies z.ZodType<ThreadRecord>;
