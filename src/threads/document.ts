import { z } from "zod";
import { approvalRecord } from "../records/approval-schema.ts";
import { ID_PATTERN } from "../records/event-id.ts";
import { wireEvent } from "../records/event-schema.ts";
import { runRecord } from "../records/run-schema.ts";

export const FORMAT = "aura-thread";
/** Of the document. One that is higher comes from a newer service, and is refused. */
export const FORMAT_VERSION = 1;

const id = z.string().regex(ID_PATTERN);
/** Unix ms that a Date can name: what is shown of a thread is shown with its times. */
const time = z.number().min(0).max(8_640_000_000_000_000);
const ownerless = { tenantId: true, userId: true } as const;

const recordedEvent = z.object({ seq: z.int().positive(), at: time, event: wireEvent });

const recordedRun = z.object({
  run: runRecord.omit(ownerless).extend({ runId: id, createdAt: time, updatedAt: time }),
  /** In order and without gaps, from 1. */
  events: z.array(recordedEvent).refine((events) => events.every(({ seq }, at) => seq === at + 1), {
    error: "has gaps",
  }),
  /** Whether nothing follows these events. */
  closed: z.boolean(),
});

const recordedApproval = approvalRecord
  .omit(ownerless)
  .extend({ requestId: id, runId: id, createdAt: time, expiresAt: time, decidedAt: time.exactOptional() });

/**
 * A thread with everything that belongs to it, as it moves between environments. Whose it was is left out.
 */
export const threadDocument = z.object({
  format: z.literal(FORMAT),
  version: z.literal(FORMAT_VERSION),
  /** Unix ms, as all times in it. */
  exportedAt: time,
  thread: z.object({
    threadId: id,
    title: z.string().max(320),
    createdAt: time,
    updatedAt: time,
  }),
  runs: z
    .array(recordedRun)
    .min(1)
    .refine((runs) => new Set(runs.map(({ run }) => run.runId)).size === runs.length, {
      error: "names a run twice",
    }),
  approvals: z.array(recordedApproval),
  effects: z.array(
    z.object({
      taskId: z.string(),
      toolCallId: z.string(),
      outcome: z.unknown().exactOptional(),
      ended: z.enum(["unknown", "never"]).exactOptional(),
      later: z.unknown().exactOptional(),
    }),
  ),
  /** The checkpoints, in the graph's own form. */
  state: z.unknown(),
});

export type ThreadDocument = z.infer<typeof threadDocument>;
