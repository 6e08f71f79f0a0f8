import { z } from "zod";
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

/** A document comes from a newer service (E4000). */
export const newerVersion = z.strictObject({ version: z.number(), supported: z.number() });

/** The `data` of an error's envelope. */
export const failureData = z.union([inputIssues, limit, standingRun, newerVersion, existing]);
