import type { LateDecision, Verdict } from "@aura-platform/contract/approvals.ts";
import { type PublishedRequest, publishedRequest } from "@aura-platform/contract/hitl.ts";
import { readTime } from "../../encoding/time.ts";
import type { Decision } from "../records/approval.ts";
import { isOurWord } from "./settled-request.ts";

/** Far above any request: parsing more at every sweep would stall this process. */
const MAX_REQUEST_CHARS = 16 * 1024 * 1024;

/** The JSON object that `hitl:request` holds; null when it holds none. */
export function parseRequest(text: string): object | null {
  if (text.length > MAX_REQUEST_CHARS) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** Parses `hitl:request:{requestId}`; null when there is none, or it cannot be read. */
export function parsePublishedRequest(text: string | null): PublishedRequest | null {
  const value = text === null ? null : parseRequest(text);
  return value === null ? null : (publishedRequest.safeParse(value).data ?? null);
}

/**
 * The decision that Main Service has stored in `hitl:request`, or null when it has stored none: our own word
 * is none.
 */
export function publishedDecision(published: PublishedRequest | null, at: number): MainDecision | null {
  const status = published?.status;
  if (published === null || (status !== "approved" && status !== "rejected") || isOurWord(published))
    return null;
  const decidedBy = textOf(status === "approved" ? published.approvedBy : published.rejectedBy);
  const reason = status === "approved" ? undefined : textOf(published.reason);
  return {
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(decidedBy === undefined ? {} : { decidedBy }),
    decidedAt: at,
  };
}

/** The only two that Main Service makes. */
export type MainDecision = Decision & { status: Verdict };

/**
 * The same from the raw text, as far as it is about an approval of this tenant: what names another one
 * decides nothing and holds nothing up.
 */
export function standingDecision(text: string | null, tenantId: string, at: number): MainDecision | null {
  const published = parsePublishedRequest(text);
  return isOfTenant(published, tenantId) ? publishedDecision(published, at) : null;
}

/** Main Service's decision about an approval that was settled otherwise. */
export function lateDecisionIn(text: string | null, tenantId: string, at: number): LateDecision | null {
  const standing = standingDecision(text, tenantId, at);
  if (standing === null) return null;
  const { status, decidedBy } = standing;
  const published = parsePublishedRequest(text);
  const told = status === "approved" ? published?.approvedAt : published?.rejectedAt;
  return {
    status,
    ...(decidedBy === undefined ? {} : { decidedBy }),
    at: readTime(told) ?? at,
  };
}

/** Whether `hitl:request` may be about this tenant's approval. */
export function isOfTenant(published: PublishedRequest | null, tenantId: string): boolean {
  const named = published?.tenantId ?? null;
  return named === null || textOf(named) === tenantId;
}

/** Java services write ids as texts or as numbers. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value : undefined;
}
