import { type HeardSignal, heardSignal, type PublishedRequest } from "@aura-platform/contract/hitl.ts";
import { readTime } from "../../encoding/time.ts";
import { isTextDeeperThan } from "../../tools/json-depth.ts";
import type { Decision } from "../records/approval.ts";
import { publishedDecision } from "./published-request.ts";

/** Far above any real signal; parsing more would let one message stall the others. */
const MAX_SIGNAL_CHARS = 64 * 1024;

/** A real signal is flat; a few kilobytes of brackets would take milliseconds to parse and check. */
const MAX_DEPTH = 16;

/** The signal in a Pub/Sub payload, or why it is none. */
export function parseSignal(payload: string): { signal: HeardSignal } | { refused: string } {
  if (payload.length > MAX_SIGNAL_CHARS) return { refused: "too large" };
  if (isTextDeeperThan(payload, MAX_DEPTH)) return { refused: "nested too deeply" };
  let json: unknown;
  try {
    json = JSON.parse(payload);
  } catch {
    return { refused: "not JSON" };
  }
  // The validator takes milliseconds to refuse a long list.
  const { data: signal } = Array.isArray(json) ? {} : heardSignal.safeParse(json);
  return signal === undefined || !mayBeTime(signal.timestamp)
    ? { refused: "not a signal of a known type" }
    : { signal };
}

/** It is not used; but what has something else than a time here does not come from Main Service. */
function mayBeTime(timestamp: unknown): boolean {
  return timestamp == null || typeof timestamp === "number" || readTime(timestamp) !== null;
}

/**
 * What was decided. Main Service's record, where it speaks of a decision, is the truth; a signal is its echo.
 */
export function decisionOf(heard: HeardSignal, published: PublishedRequest | null, at: number): Decision {
  const standing = publishedDecision(published, at);
  if (standing !== null) return standing;
  const reason = "reason" in heard ? heard.reason : null;
  return { status: heard.status, ...(reason == null ? {} : { reason }), decidedAt: at };
}
