import { z } from "zod";
import { readTime } from "../../encoding/time.ts";
import { isTextDeeperThan } from "../../tools/json-depth.ts";
import type { Decision } from "../records/approval.ts";
import { ID_PATTERN } from "../records/event-id.ts";
import { type PublishedRequest, publishedDecision } from "./published-request.ts";

const requestId = z.string().regex(ID_PATTERN);
/** It is not used; but what has something else than a time here does not come from Main Service. */
const timestamp = z
  .unknown()
  .optional()
  .refine((value) => value == null || typeof value === "number" || readTime(value) !== null);

/** A message on `hitl:channel:{sessionId}` (docs/contract.md, section 4). */
const signal = z.discriminatedUnion("type", [
  z.object({ type: z.literal("approval"), requestId, status: z.literal("approved"), timestamp }),
  z.object({
    type: z.literal("rejection"),
    requestId,
    status: z.literal("rejected"),
    reason: z.string().nullish(),
    timestamp,
  }),
]);

export type Signal = z.infer<typeof signal>;

/** Far above any real signal; parsing more would let one message stall the others. */
const MAX_SIGNAL_CHARS = 64 * 1024;

/** A real signal is flat; a few kilobytes of brackets would take milliseconds to parse and check. */
const MAX_DEPTH = 16;

/** The signal in a Pub/Sub payload, or why it is none. */
export function parseSignal(payload: string): { signal: Signal } | { refused: string } {
  if (payload.length > MAX_SIGNAL_CHARS) return { refused: "too large" };
  if (isTextDeeperThan(payload, MAX_DEPTH)) return { refused: "nested too deeply" };
  let json: unknown;
  try {
    json = JSON.parse(payload);
  } catch {
    return { refused: "not JSON" };
  }
  // The validator takes milliseconds to refuse a long list.
  if (Array.isArray(json)) return { refused: "not a signal of a known type" };
  const parsed = signal.safeParse(json);
  return parsed.success ? { signal: parsed.data } : { refused: "not a signal of a known type" };
}

/**
 * What was decided. Main Service's record, where it speaks of a decision, is the truth; a signal is its echo.
 */
export function decisionOf(heard: Signal, published: PublishedRequest | null, at: number): Decision {
  const standing = publishedDecision(published, at);
  if (standing !== null) return standing;
  const reason = "reason" in heard ? heard.reason : null;
  return { status: heard.status, ...(reason == null ? {} : { reason }), decidedAt: at };
}
