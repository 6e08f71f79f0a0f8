import { z } from "zod";
import { planStep } from "./agent-step.ts";
import { pendingApproval } from "./approvals.ts";
import { eventId, id } from "./ids.ts";
import { clientMessage } from "./messages.ts";
import { limitQuery } from "./queries.ts";
import { runStatus } from "./run-status.ts";
import { origin, runSummary } from "./runs.ts";
import { unixMs } from "./times.ts";

export const threadParams = z.object({ threadId: id });

/** Query of `GET /aura/threads`. */
export const threadsQuery = z.object({
  limit: limitQuery(100, 20),
  cursor: z.string().min(1).max(512).optional(),
  status: runStatus.optional(),
});

/** A thread in its owner's list. */
export const threadSummary = z.strictObject({
  threadId: id,
  title: z.string(),
  status: runStatus.describe("The last run's"),
  createdAt: unixMs,
  updatedAt: unixMs.describe("When its last run last changed its status, Unix ms"),
  pendingApprovals: z.number(),
});
export type ThreadSummary = z.output<typeof threadSummary>;

/** Answer of `GET /aura/threads`, last changed first. */
export const threadPage = z.strictObject({
  items: z.array(threadSummary),
  nextCursor: z.string().exactOptional(),
});
export type ThreadPage = z.output<typeof threadPage>;

/** Answer of `GET /aura/threads/{threadId}`. */
export const threadDetail = z.strictObject({
  threadId: id,
  title: z.string(),
  status: runStatus.exactOptional().describe("The last run's; absent when no run is left"),
  createdAt: unixMs,
  updatedAt: unixMs,
  forkedFrom: origin.exactOptional(),
  importedAt: unixMs.exactOptional(),
  messages: z.array(clientMessage),
  runs: z.array(runSummary),
  pendingApprovals: z.array(pendingApproval),
  planSteps: z.array(planStep),
});
export type ThreadDetail = z.output<typeof threadDetail>;

/** A thread that was deleted, or has come with a file. */
export const threadRef = z.strictObject({ threadId: id });
export type ThreadRef = z.output<typeof threadRef>;

/** Body of `POST /aura/threads/{threadId}/replay`; speed 0 is at once. */
export const replayBody = z.object({
  runId: id.optional(),
  from: eventId.optional(),
  speed: z.union([z.literal(0), z.number().min(1).max(100)], { error: "0, 1..100" }).default(1),
});
