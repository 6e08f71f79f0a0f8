import { z } from "zod";
import { approvalStatus } from "./approvals.ts";
import { runStatus } from "./run-status.ts";

/**
 * What is wrong with an input (E4000, and 403 for headers that differ from the token); it never quotes
 * values.
 */
export const inputIssues = z.strictObject({
  issues: z.array(z.strictObject({ path: z.string(), message: z.string() })),
});

/** Of what one user, or one tenant, may not have more (E4290). */
export const limit = z.strictObject({
  cap: z.enum(["queuedRuns", "openStreams"]),
  scope: z.enum(["user", "tenant"]),
  limit: z.number(),
});
export type Limit = z.output<typeof limit>;

/** What is busy or exists already (E3001). */
export const existing = z.strictObject({
  runId: z.string().exactOptional(),
  requestId: z.string().exactOptional(),
  threadId: z.string().exactOptional(),
});

/** Why a run could not be cancelled (E3002). */
export const standingRun = z.strictObject({ runId: z.string(), status: runStatus });

/** What stands of an approval that cannot be edited (E3006 when a person has decided it, E3002 otherwise). */
export const standingApproval = z.strictObject({
  requestId: z.string(),
  sessionId: z.string(),
  status: approvalStatus,
  reason: z.string().exactOptional(),
  decidedBy: z.string().exactOptional(),
  editedAs: z.string().exactOptional().describe("The approval that has taken its place"),
  edits: z.number().exactOptional().describe("It was edited as often as a call can be"),
});

/** A document comes from a newer service (E4000). */
export const newerVersion = z.strictObject({ version: z.number(), supported: z.number() });

/** The `data` of an error's envelope. */
export const failureData = z.union([
  inputIssues,
  limit,
  standingRun,
  standingApproval,
  newerVersion,
  existing,
]);
