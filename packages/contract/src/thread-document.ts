import { z } from "zod";
import { approvalStatus, lateDecision, shownPart } from "./approvals.ts";
import { storedEvent } from "./events.ts";
import { id } from "./ids.ts";
import { jsonObject } from "./json-text.ts";
import { language } from "./languages.ts";
import { loose } from "./reading.ts";
import { runStatus } from "./run-status.ts";
import { runError } from "./runs.ts";
import { dateMs, unixMs } from "./times.ts";

export const THREAD_FORMAT = "aura-thread";
/** Of the document. One that is higher comes from a newer service, and is refused. */
export const THREAD_FORMAT_VERSION = 1;

/** A run as the service records it, without whose it is. */
export const recordedRun = z.strictObject({
  v: z.literal(1).describe("Format version of this record"),
  runId: z.string(),
  threadId: z.string(),
  status: runStatus,
  prompt: z.string(),
  context: jsonObject.describe("What the client says about itself: activeApp, path, itemId, language ..."),
  language,
  traceId: z.string(),
  attempt: z
    .int()
    .positive()
    .describe("1, and one more for every time that the run was taken up again after its worker was lost"),
  workedMs: z.number().exactOptional().describe("Worked on before it became what it is now, in ms"),
  createdAt: unixMs,
  updatedAt: unixMs,
  replaces: z
    .string()
    .exactOptional()
    .describe("The run whose pending approvals this run's prompt superseded"),
  continuesFrom: z
    .string()
    .exactOptional()
    .describe("The checkpoint that it goes on from: the first run of a fork"),
  forkedFrom: z.string().exactOptional().describe("The thread that the checkpoint was copied from"),
  promptId: z
    .string()
    .exactOptional()
    .describe("The message that holds the prompt, when it is not the run's own"),
  error: runError.exactOptional(),
  workers: z.array(z.string()).exactOptional(),
  alone: z.string().exactOptional(),
});
export type RecordedRun = z.output<typeof recordedRun>;

/**
 * An approval as the service records it, without whose it is: one decision, bound to one call's exact
 * arguments.
 */
export const recordedApproval = z.strictObject({
  v: z.literal(1),
  requestId: z.string(),
  threadId: z.string(),
  runId: z.string(),
  interruptId: z.string().describe("The key of LangGraph's resume map; not unique across replays"),
  taskId: z.string(),
  toolCallId: z.string(),
  actionType: z.string().describe("The tool's name"),
  context: jsonObject.describe("The validated arguments"),
  digest: z.string().describe("SHA-256 of the tool's name and its canonical arguments"),
  message: z.string().describe("The question that the approver reads"),
  shown: shownPart.exactOptional(),
  status: approvalStatus,
  reason: z.string().exactOptional(),
  decidedBy: z.string().exactOptional().describe("As Main Service recorded it"),
  createdAt: unixMs,
  expiresAt: unixMs.describe("When it stops waiting, Unix ms"),
  decidedAt: unixMs.exactOptional(),
  imported: z.boolean().exactOptional().describe("It came with a file, and says what the file says"),
  lateDecision: lateDecision.exactOptional(),
  editOf: z.string().exactOptional().describe("The approval whose arguments a person has changed into these"),
  editedBy: z.string().exactOptional(),
  edits: z.number().exactOptional().describe("How often the call has been edited"),
  editedAs: z.string().exactOptional().describe("The approval that took its place, with changed arguments"),
});
export type RecordedApproval = z.output<typeof recordedApproval>;

/**
 * What the ledger holds of one call; without an outcome it was begun, and nobody knows more, unless it has
 * `ended`.
 */
export const recordedEffect = z.object({
  taskId: z.string(),
  toolCallId: z.string(),
  outcome: z.unknown().exactOptional(),
  ended: z.enum(["unknown", "never"]).exactOptional().describe("How it was concluded without an outcome"),
  later: z.unknown().exactOptional().describe("The outcome that came after the conclusion"),
});
export type RecordedEffect = z.output<typeof recordedEffect>;

const documentRun = z.object({
  run: loose(recordedRun).extend({ runId: id, createdAt: dateMs, updatedAt: dateMs }),
  events: z
    .array(loose(storedEvent.extend({ at: dateMs })))
    .refine((events) => events.every(({ seq }, at) => seq === at + 1), { error: "has gaps" })
    .describe("In order and without gaps, from 1"),
  closed: z.boolean().describe("Whether nothing follows these events"),
});

/**
 * A thread with everything that belongs to it, as it moves between environments: the answer of `GET
 * /aura/threads/{threadId}/export`, and the body of `POST /aura/threads/import`. Whose it was is left out. It
 * is one service's records read by another, so its records are loose.
 */
export const threadDocument = z.object({
  format: z.literal(THREAD_FORMAT),
  version: z.literal(THREAD_FORMAT_VERSION),
  exportedAt: dateMs,
  thread: z.object({ threadId: id, title: z.string().max(320), createdAt: dateMs, updatedAt: dateMs }),
  runs: z
    .array(documentRun)
    .min(1)
    .refine((runs) => new Set(runs.map(({ run }) => run.runId)).size === runs.length, {
      error: "names a run twice",
    }),
  approvals: z.array(
    loose(recordedApproval).extend({
      ...{ requestId: id, runId: id, createdAt: dateMs, expiresAt: dateMs },
      decidedAt: dateMs.exactOptional(),
    }),
  ),
  effects: z.array(recordedEffect),
  state: z.unknown().describe("The checkpoints, in the graph's own form"),
});
export type ThreadDocument = z.output<typeof threadDocument>;
