import { z } from "zod";

/** `queued -> running -> (waiting -> running)* -> completed | failed | cancelled`. */
export const RUN_STATUSES = Object.freeze([
  "queued",
  "running",
  "waiting",
  "completed",
  "failed",
  "cancelled",
] as const);
export const runStatus = z.enum(RUN_STATUSES);
export type RunStatus = z.output<typeof runStatus>;
