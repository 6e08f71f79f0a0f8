import { z } from "zod";
import { errorCode, errorReason } from "./errors.ts";
import { id } from "./ids.ts";
import { mayGrow } from "./reading.ts";
import { runStatus } from "./run-status.ts";
import { unixMs } from "./times.ts";
import { callOutcome, callStatus } from "./tool-calls.ts";

export const runParams = z.object({ runId: id });

export const eventParams = z.object({
  runId: id,
  seq: z
    .string()
    .regex(/^[1-9][0-9]{0,14}$/)
    .transform(Number),
});

/** `?after=`: the seq of the last event that the client has. */
export const afterQuery = z.object({
  after: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,14})$/)
    .transform(Number)
    .default(0),
});

/** Why a run has failed, as its record says it. */
export const runError = z.strictObject({
  errorCode,
  message: z.string(),
  reason: errorReason.extract(["no_progress"]).exactOptional(),
});

/** Of a thread that was forked: what it goes on from. */
export const origin = z.strictObject({ threadId: z.string(), checkpointId: z.string() });

/** A run as its owner sees it. */
export const runSummary = z.strictObject({
  runId: id,
  threadId: id,
  status: runStatus,
  attempt: z.number().describe("1, and one more for every time that its worker was lost"),
  prompt: z.string(),
  createdAt: unixMs,
  updatedAt: unixMs,
  error: runError.exactOptional(),
  forkedFrom: origin.exactOptional(),
});
export type RunSummary = z.output<typeof runSummary>;

/** What a run has cost, as far as the model says. */
export const tokenUsage = z.strictObject({
  inputTokens: z.number().min(0),
  outputTokens: z.number().min(0),
  totalTokens: z.number().min(0),
});
export type TokenUsage = z.output<typeof tokenUsage>;

/** Which model gave a run's last answer, and how it ended when that is not all that the model had to say. */
export const answered = z.strictObject({
  model: z.string(),
  ending: mayGrow(z.enum(["length", "content_filter", "refusal", "lost"])).exactOptional(),
});
export type Answered = z.output<typeof answered>;

/**
 * When a node worked. It goes on from the checkpoint that named it, and its end is null while it is not over.
 */
export const nodeTime = z.strictObject({
  node: z.string(),
  checkpointId: z.string(),
  startedAt: unixMs,
  endedAt: unixMs.nullable(),
  ms: z.number().nullable(),
});
export type NodeTime = z.output<typeof nodeTime>;

/** When a tool worked: all null when it never did. */
export const toolTime = z.strictObject({
  tool: z.string(),
  toolCallId: z.string(),
  status: callStatus,
  outcome: callOutcome.nullable().describe("What is known of its effect; null while it executes"),
  startedAt: unixMs.nullable(),
  endedAt: unixMs.nullable(),
  ms: z.number().nullable(),
});
export type ToolTime = z.output<typeof toolTime>;

/** Answer of `GET /aura/runs/{runId}`: how a run went. */
export const runReport = runSummary.extend({
  nodes: z.array(nodeTime),
  tools: z.array(toolTime),
  usage: tokenUsage.nullable(),
  answered: answered.nullable(),
  waitedMs: z.number().describe("For people, in ms"),
});
export type RunReport = z.output<typeof runReport>;
