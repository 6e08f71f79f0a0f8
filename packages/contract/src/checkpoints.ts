import { z } from "zod";
import { editedStep } from "./agent-step.ts";
import { id } from "./ids.ts";
import { jsonObject } from "./json-text.ts";
import { language } from "./languages.ts";
import { editedMessage } from "./messages.ts";
import { prompt } from "./prompts.ts";
import { limitQuery, switchQuery } from "./queries.ts";
import { unixMs } from "./times.ts";

/** A value of the state that a checkpoint has changed. */
export const change = z.strictObject({
  key: z.string(),
  bytes: z.number().describe("Of the value as JSON"),
  value: z.unknown().exactOptional().describe("Only where it was asked for"),
});
export type Change = z.output<typeof change>;

/** A checkpoint of a thread. */
export const checkpoint = z.strictObject({
  checkpointId: z.string(),
  parentId: z.string().nullable(),
  step: z.number(),
  source: z.string(),
  next: z.array(z.string()).describe("Nodes that come next; none at the end"),
  createdAt: unixMs,
  runId: z.string().exactOptional().describe("Absent for what was put in from outside"),
  interrupts: z.array(z.strictObject({ id: z.string(), value: z.unknown() })),
  changed: z.array(change),
});
export type Checkpoint = z.output<typeof checkpoint>;

/** Query of `GET /aura/threads/{threadId}/history`; the cursor is a checkpoint's id. */
export const historyQuery = z.object({
  limit: limitQuery(200, 20),
  cursor: id.optional(),
  values: switchQuery,
});

/** Its answer, newest first. */
export const historyPage = z.strictObject({
  items: z.array(checkpoint),
  nextCursor: z.string().exactOptional(),
});
export type HistoryPage = z.output<typeof historyPage>;

/** Changes to a state before a run goes on from it. Messages and steps are replaced by id, or added. */
export const stateEdits = z.strictObject({
  messages: z.array(editedMessage).max(1_000).exactOptional(),
  steps: z.array(editedStep).max(100).exactOptional(),
  context: jsonObject.exactOptional(),
  language: language.exactOptional(),
});
export type StateEdits = z.output<typeof stateEdits>;

/**
 * Body of `POST /aura/threads/{threadId}/fork`. The graph checks the edits, which are `stateEdits` of our own
 * graph.
 */
export const forkBody = z.object({
  checkpointId: id,
  prompt: prompt.exactOptional(),
  edits: jsonObject.exactOptional(),
});
