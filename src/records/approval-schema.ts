import { z } from "zod";
import type { ApprovalRecord } from "./approval.ts";

const json = z.record(z.string(), z.unknown());

export const shownPart = z.object({
  context: json,
  notShown: z.record(z.string(), z.number()),
  notice: z.string(),
});

/** Loose, as all records: what this process does not know is passed on. */
export const approvalRecord = z.looseObject({
  v: z.literal(1),
  requestId: z.string(),
  threadId: z.string(),
  runId: z.string(),
  tenantId: z.string(),
  userId: z.string(),
  interruptId: z.string(),
  taskId: z.string(),
  toolCallId: z.string(),
  actionType: z.string(),
  context: json,
  digest: z.string(),
  message: z.string(),
  shown: shownPart.exactOptional(),
  status: z.enum(["pending", "approved", "rejected", "expired", "superseded", "cancelled"]),
  reason: z.string().exactOptional(),
  decidedBy: z.string().exactOptional(),
  createdAt: z.number(),
  expiresAt: z.number(),
  decidedAt: z.number().exactOptional(),
  imported: z.boolean().exactOptional(),
  editOf: z.string().exactOptional(),
  editedBy: z.string().exactOptional(),
  edits: z.number().exactOptional(),
  editedAs: z.string().exactOptional(),
  lateDecision: z
    .looseObject({
      status: z.enum(["approved", "rejected"]),
      decidedBy: z.string().exactOptional(),
      at: z.number(),
    })
    .exactOptional(),
}) satisfies z.ZodType<ApprovalRecord>;
