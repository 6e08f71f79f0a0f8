import { z } from "zod";
import { isTextDeeperThan } from "../../tools/json-depth.ts";
import { ID_PATTERN } from "../runs/event-id.ts";
import type { Decision } from "./approval.ts";

const requestId = z.string().regex(ID_PATTERN);
const timestamp = z.number().optional();

/** A message on `hitl:channel:{sessionId}` (contract, section 4). */
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

/** A signal is flat. Parsing and checking a few kilobytes of nothing but brackets takes milliseconds. */
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

/** Main Service's own record of the request; what it leaves out says nothing. */
const publishedRequest = z.object({
  tenantId: z.union([z.string(), z.number()]).transform(String).optional(),
  status: z.string().optional(),
  approvedBy: z.string().nullish(),
  rejectedBy: z.string().nullish(),
  reason: z.string().nullish(),
});

export type PublishedRequest = z.infer<typeof publishedRequest>;

/** Parses `hitl:request:{requestId}`; null when there is none, or it cannot be read. */
export function parsePublishedRequest(text: string | null): PublishedRequest | null {
  if (text === null) return null;
  try {
    return publishedRequest.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** The decision that Main Service has stored in `hitl:request`, or null when it has stored none. */
export function publishedDecision(published: PublishedRequest | null, at: number): Decision | null {
  const status = published?.status;
  if (status !== "approved" && status !== "rejected") return null;
  return toDecision(status, published, published?.reason, at);
}

/**
 * The same from the raw text, as far as it is about an approval of this tenant: what names another one decides nothing
 * and holds nothing up.
 */
export function standingDecision(text: string | null, tenantId: string, at: number): Decision | null {
  const published = parsePublishedRequest(text);
  return isOfTenant(published, tenantId) ? publishedDecision(published, at) : null;
}

/** Whether `hitl:request` may be about this tenant's approval. */
export function isOfTenant(published: PublishedRequest | null, tenantId: string): boolean {
  return published?.tenantId === undefined || published.tenantId === tenantId;
}

/** What was decided. Main Service's record, where it speaks of a decision, is the truth; a signal is its echo. */
export function decisionOf(heard: Signal, published: PublishedRequest | null, at: number): Decision {
  const reason = "reason" in heard ? heard.reason : null;
  return publishedDecision(published, at) ?? toDecision(heard.status, null, reason, at);
}

function toDecision(
  status: "approved" | "rejected",
  published: PublishedRequest | null,
  reason: string | null | undefined,
  at: number,
): Decision {
  const decidedBy = status === "approved" ? published?.approvedBy : published?.rejectedBy;
  return {
    status,
    ...(status === "approved" || reason == null ? {} : { reason }),
    ...(decidedBy == null ? {} : { decidedBy }),
    decidedAt: at,
  };
}
