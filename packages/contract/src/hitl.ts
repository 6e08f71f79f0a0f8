import { z } from "zod";
import { settlement, verdict } from "./approvals.ts";
import { id } from "./ids.ts";
import { jsonObject } from "./json-text.ts";
import { loose } from "./reading.ts";
import { unixMs, unixSeconds } from "./times.ts";

// What Aura-Platform and Main Service tell each other about approvals through Redis, and what Main Service's
// HITL API tells everybody (docs/contract.md, sections 4 and 8).

/** Keys and channel; each is followed by an id. */
export const HITL_PREFIXES = Object.freeze({
  request: "hitl:request:",
  session: "hitl:session:",
  signal: "hitl:signal:",
  task: "hitl:task:",
  channel: "hitl:channel:",
} as const);

/** Lifetimes of the keys, in seconds; `request` is the default of AURA_APPROVAL_TTL. */
export const HITL_TTL_S = Object.freeze({
  request: 30 * 60,
  session: 60 * 60,
  signal: 5 * 60,
  task: 60 * 60,
});

/** `hitl:request:{requestId}` as we write it. Main Service counts any other status as undecided. */
export const hitlRequest = z.strictObject({
  requestId: z.string(),
  sessionId: z.string(),
  userId: z.string(),
  tenantId: z.string(),
  actionType: z.string(),
  context: jsonObject,
  status: z.enum(["pending", ...verdict.options]),
  createdAt: unixMs,
  taskId: z.string().exactOptional(),
  settledBy: z.literal("aura").exactOptional().describe("Set when we have settled it, and no person has"),
  outcome: settlement.exactOptional().describe("What it became then"),
  reason: z.string().exactOptional(),
  editOf: z.string().exactOptional().describe("The request that it has taken the place of, edited"),
  editedAs: z.string().exactOptional().describe("The request that has taken its place, edited"),
});
export type HitlRequest = z.output<typeof hitlRequest>;

/** The same as it is read back: Main Service's record, or our own word. What it leaves out says nothing. */
export const publishedRequest = z.object({
  tenantId: z.unknown().optional(),
  status: z.unknown().optional(),
  reason: z.unknown().optional(),
  approvedBy: z.unknown().optional(),
  approvedAt: z.unknown().optional(),
  rejectedBy: z.unknown().optional(),
  rejectedAt: z.unknown().optional(),
  settledBy: z.unknown().optional(),
  outcome: z.unknown().optional(),
});
export type PublishedRequest = z.output<typeof publishedRequest>;

/** What Main Service adds to the request when a person has decided. */
export const decidedRequest = hitlRequest.extend({
  status: verdict,
  approvedBy: z.string().exactOptional(),
  approvedAt: unixMs.exactOptional(),
  rejectedBy: z.string().exactOptional(),
  rejectedAt: unixMs.exactOptional(),
});
export type DecidedRequest = z.output<typeof decidedRequest>;

/** `hitl:session:{sessionId}` and `hitl:task:{taskId}`: the bare id of the request. */
export const requestPointer = z.string();

const approvalSignal = z.strictObject({
  type: z.literal("approval"),
  requestId: id,
  status: z.literal("approved"),
  timestamp: unixSeconds,
});
const rejectionSignal = z.strictObject({
  type: z.literal("rejection"),
  requestId: id,
  status: z.literal("rejected"),
  reason: z.string().exactOptional(),
  timestamp: unixSeconds,
});

/**
 * A message on `hitl:channel:{sessionId}`, and its copy in `hitl:signal:{sessionId}`, as Main Service writes
 * it.
 */
export const signal = z.discriminatedUnion("type", [approvalSignal, rejectionSignal]);
export type Signal = z.output<typeof signal>;

/** Main Service is free in how it writes a time, and Java writes null for what is not there. */
const anyTime = z.unknown().optional();

/** The same as it is heard. */
export const heardSignal = z.discriminatedUnion("type", [
  loose(approvalSignal).extend({ timestamp: anyTime }),
  loose(rejectionSignal).extend({ timestamp: anyTime, reason: z.string().nullish() }),
]);
export type HeardSignal = z.output<typeof heardSignal>;

/** Body of `POST /aura/hitl/approve/{requestId}`. */
export const approveBody = z.object({ userId: z.string().min(1) });
/** Body of `POST /aura/hitl/reject/{requestId}`. */
export const rejectBody = approveBody.extend({ reason: z.string().optional() });

export const requestParams = z.object({ requestId: id });
export const sessionParams = z.object({ sessionId: id });

/** `data` of the answers to both, and, with 409, of the decision that stands. */
export const decisionAnswer = z.strictObject({
  requestId: z.string(),
  sessionId: z.string(),
  status: z.string(),
  reason: z.string().exactOptional(),
});
export type DecisionAnswer = z.output<typeof decisionAnswer>;

const said = z.string().nullish();

/**
 * What Main Service says of an approval, as it is read: in answer to a decision and, with more, as its
 * record.
 */
export const standing = z.looseObject({
  requestId: z.string(),
  sessionId: id,
  status: z.string(),
  reason: said,
  approvedBy: said,
  rejectedBy: said,
  outcome: said,
});
export type Standing = z.output<typeof standing>;
