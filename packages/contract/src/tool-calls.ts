import { z } from "zod";

export const callStatus = z.enum(["executing", "completed", "failed"]);
export type CallStatus = z.output<typeof callStatus>;

/**
 * What is known of a call's effect. `not_executed`: refused, invalid, or given up before it had begun.
 * `unknown`: it may have happened.
 */
export const callOutcome = z.enum(["completed", "failed", "not_executed", "unknown"]);
export type CallOutcome = z.output<typeof callOutcome>;
