import { z } from "zod";
import { id } from "./ids.ts";
import { jsonObject } from "./json-text.ts";
import { unixMs } from "./times.ts";

/** Exactly one transition leads out of `pending`. */
export const APPROVAL_STATUSES = Object.freeze([
  "pending",
  "approved",
  "rejected",
  "expired",
  "superseded",
  "cancelled",
] as const);
export const approvalStatus = z.enum(APPROVAL_STATUSES);
export type ApprovalStatus = z.output<typeof approvalStatus>;

/** What an approval becomes. */
export const settlement = approvalStatus.exclude(["pending"]);
export type Settlement = z.output<typeof settlement>;

/** The only two that a person, and therefore Main Service, can choose. */
export const verdict = approvalStatus.extract(["approved", "rejected"]);
export type Verdict = z.output<typeof verdict>;

/** What an event shows of arguments that it cannot show whole. */
export const shownPart = z.strictObject({
  context: jsonObject.describe("Every key, list entry and number; long texts are cut"),
  notShown: z
    .record(z.string(), z.number())
    .describe("Characters that are left out, by the place of the text"),
  notice: z.string().describe("Says so in words, and where the whole is"),
});
export type ShownPart = z.output<typeof shownPart>;

/**
 * What Main Service wrote about an approval that was settled otherwise: it had no effect, though the person
 * was told so.
 */
export const lateDecision = z.strictObject({
  status: verdict,
  decidedBy: z.string().exactOptional(),
  at: unixMs.describe("When it was made, or seen where Main Service does not say; Unix ms"),
});
export type LateDecision = z.output<typeof lateDecision>;

/** An approval that waits, as its owner sees it. `sessionId` is the thread's id. */
export const pendingApproval = z.strictObject({
  requestId: id,
  sessionId: id,
  runId: id,
  actionType: z.string(),
  message: z.string(),
  context: jsonObject,
  status: z.literal("pending"),
  createdAt: unixMs,
  expiresAt: unixMs,
  editOf: id.exactOptional().describe("The approval whose arguments a person has changed into these"),
});
export type PendingApproval = z.output<typeof pendingApproval>;

/**
 * Body of `POST /aura/approvals/{requestId}/edit`: all arguments of the call. Its answer is the approval that
 * waits then.
 */
export const editBody = z.object({ arguments: jsonObject });

/** Answer of `GET /aura/approvals`. */
export const approvalList = z.strictObject({ items: z.array(pendingApproval) });
export type ApprovalList = z.output<typeof approvalList>;
