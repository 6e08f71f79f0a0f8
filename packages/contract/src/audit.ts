import { z } from "zod";
import { approvalStatus, lateDecision } from "./approvals.ts";
import { jsonObject } from "./json-text.ts";
import { unixMs } from "./times.ts";

/** What came of a call as far as it is known for good. */
const concluded = [
  z.strictObject({ state: z.literal("completed"), result: z.unknown() }),
  z.strictObject({ state: z.literal("failed"), error: z.string() }),
] as const;
const unknown = z.strictObject({ state: z.literal("unknown"), error: z.string().exactOptional() });

/** What came of an approved call. */
export const auditOutcome = z.discriminatedUnion("state", [
  z.strictObject({ state: z.literal("not_executed") }),
  z
    .strictObject({ state: z.literal("executing_or_unknown") })
    .describe("It has begun; unless it is executing now, nobody knows what came of it"),
  ...concluded,
  unknown
    .extend({ later: z.discriminatedUnion("state", [...concluded, unknown]).exactOptional() })
    .describe("Nobody knew when its last word was said; `later` is what became known afterwards"),
]);
export type AuditOutcome = z.output<typeof auditOutcome>;
/** What became known of a call. */
export type LaterOutcome = NonNullable<Extract<AuditOutcome, { state: "unknown" }>["later"]>;

/** What was proposed, who decided what and when, and what came of it. */
export const auditEntry = z.strictObject({
  requestId: z.string(),
  runId: z.string(),
  toolCallId: z.string(),
  tool: z.string(),
  arguments: jsonObject,
  digest: z.string().describe("SHA-256 of the tool's name and its canonical arguments"),
  message: z.string(),
  status: approvalStatus,
  proposedAt: unixMs,
  expiresAt: unixMs,
  decidedAt: unixMs.exactOptional(),
  decidedBy: z.string().exactOptional(),
  reason: z.string().exactOptional(),
  imported: z.literal(true).exactOptional().describe("It came with a file, and says what the file says"),
  lateDecision: lateDecision.exactOptional(),
  editOf: z.string().exactOptional(),
  editedAs: z.string().exactOptional(),
  editedBy: z.string().exactOptional(),
  proposedArguments: jsonObject.exactOptional().describe("What the model had asked for, where it was edited"),
  effectiveArguments: jsonObject.nullable().describe("What the tool ran with; null when it did not run"),
  outcome: auditOutcome,
});
export type AuditEntry = z.output<typeof auditEntry>;

/** Answer of `GET /aura/threads/{threadId}/audit`, oldest first. */
export const auditList = z.strictObject({ items: z.array(auditEntry) });
export type AuditList = z.output<typeof auditList>;
