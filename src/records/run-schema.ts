import { loose } from "@aura-platform/contract/reading.ts";
import { recordedRun } from "@aura-platform/contract/thread-document.ts";
import { z } from "zod";
import { owner } from "./owner-schema.ts";
import type { RunRecord, ThreadRecord } from "./run.ts";

// Records are loose: a field that nobody has declared, because a newer process wrote it or because nobody
// added it, is passed on and never lost.

export const runRecord = loose(recordedRun).extend(owner) satisfies z.ZodType<RunRecord>;

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
