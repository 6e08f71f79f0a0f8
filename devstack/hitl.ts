import { type Verdict, verdict as verdictSchema } from "@aura-platform/contract/approvals.ts";
import {
  approveBody,
  type DecidedRequest,
  type DecisionAnswer,
  HITL_PREFIXES,
  hitlRequest,
  rejectBody,
  requestParams,
  type Signal,
  sessionParams,
} from "@aura-platform/contract/hitl.ts";
import type { Sentence } from "@aura-platform/contract/languages.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { AuraError } from "../src/errors.ts";
import type { HitlStorage } from "./hitl-storage.ts";
import { authenticate, authenticateUser, type Caller } from "./jwt.ts";
import { sendSuccess } from "./service.ts";

/** A tenant as Spring reads it into a Long. */
const wholeNumber = z.string().regex(/^[+-]?\d{1,18}$/);

/** The part of `hitl:request` that Main Service looks at; the rest is kept as it is. */
const storedRequest = hitlRequest
  .pick({ requestId: true, sessionId: true, tenantId: true, reason: true })
  .extend({ status: z.string() })
  .loose();
type StoredRequest = z.output<typeof storedRequest>;

/** Whatever else stands there (`expired`, say): Main Service takes it for undecided. */
const DECIDED: ReadonlySet<string> = new Set(verdictSchema.options);

const MESSAGES = {
  request: { ko: "승인 요청을 조회했습니다.", en: "The approval request." },
  signal: { ko: "신호를 조회했습니다.", en: "The last signal." },
  noSignal: { ko: "아직 신호가 없습니다.", en: "No signal yet." },
  approved: { ko: "요청이 승인되었습니다.", en: "The request is approved." },
  rejected: { ko: "요청이 거절되었습니다.", en: "The request is rejected." },
  standing: { ko: "이미 처리된 요청입니다.", en: "The request has been decided already." },
} satisfies Record<string, Sentence>;

/** Main Service's HITL API (docs/contract.md, sections 4 and 8). */
export function addHitlRoutes(app: FastifyInstance, jwtSecret: string, storage: HitlStorage): void {
  app.get("/aura/hitl/requests/:requestId", async (request, reply) => {
    const caller = await authenticate(jwtSecret, request.headers);
    const { requestId } = requestParams.parse(request.params);
    const { text } = await load(storage, requestId, caller);
    return sendSuccess(request, reply, MESSAGES.request, text);
  });

  app.get("/aura/hitl/signals/:sessionId", async (request, reply) => {
    const caller = await authenticate(jwtSecret, request.headers);
    const { sessionId } = sessionParams.parse(request.params);
    await refuseForeignSession(storage, sessionId, caller);
    const signal = await storage.get(`${HITL_PREFIXES.signal}${sessionId}`);
    if (signal === null) return sendSuccess(request, reply, MESSAGES.noSignal);
    return sendSuccess(request, reply, MESSAGES.signal, signal);
  });

  app.post("/aura/hitl/approve/:requestId", async (request, reply) => {
    const decision = await readDecision(request, jwtSecret, approveBody);
    return answer(
      request,
      reply,
      await decide(storage, { ...decision, verdict: "approved", reason: undefined }),
    );
  });

  app.post("/aura/hitl/reject/:requestId", async (request, reply) => {
    const { body, ...decision } = await readDecision(request, jwtSecret, rejectBody);
    // An empty reason is no reason.
    const reason = body.reason || "User rejected";
    return answer(request, reply, await decide(storage, { ...decision, verdict: "rejected", reason }));
  });
}

/**
 * Who decides on what: the path's request, the token's user of a tenant that is a whole number, and a body
 * that names the same user.
 */
async function readDecision<Body extends { userId: string }>(
  request: FastifyRequest,
  jwtSecret: string,
  schema: z.ZodType<Body>,
) {
  const caller = await authenticateUser(jwtSecret, request.headers);
  const { requestId } = requestParams.parse(request.params);
  wholeNumber.parse(caller.tenantId);
  const body = schema.parse(request.body);
  if (body.userId !== caller.userId) throw new AuraError("E2001");
  return { requestId, caller, body };
}

/** 409 for a decision that came too late, in the success envelope all the same. */
function answer(request: FastifyRequest, reply: FastifyReply, { decided, standing }: Outcome) {
  const message = standing.status === "approved" ? MESSAGES.approved : MESSAGES.rejected;
  if (decided) return sendSuccess(request, reply, message, summary(standing));
  return sendSuccess(request, reply.code(409), MESSAGES.standing, summary(standing));
}

interface DecideInput {
  requestId: string;
  caller: Caller;
  verdict: Verdict;
  reason: string | undefined;
}

interface Outcome {
  /** Whether this call made the decision. */
  decided: boolean;
  /** The request after it. */
  standing: StoredRequest;
}

/** The first decision wins, over any number of concurrent ones. */
async function decide(storage: HitlStorage, input: DecideInput): Promise<Outcome> {
  const { requestId, caller, verdict, reason } = input;
  for (;;) {
    const { request, text } = await load(storage, requestId, caller);
    if (DECIDED.has(request.status)) return { decided: false, standing: request };
    const now = Date.now();
    const standing: StoredRequest = { ...request, ...decisionOf(caller, verdict, reason, now) };
    const decided = await storage.decide({
      requestKey: `${HITL_PREFIXES.request}${requestId}`,
      expected: text,
      request: JSON.stringify(standing),
      signalKey: `${HITL_PREFIXES.signal}${request.sessionId}`,
      signal: JSON.stringify(signalOf(requestId, verdict, reason, now)),
      channel: `${HITL_PREFIXES.channel}${request.sessionId}`,
    });
    // Otherwise someone else wrote in between: what stands now decides the answer.
    if (decided) return { decided: true, standing };
  }
}

/** What is added to the request. */
function decisionOf(
  { userId }: Caller,
  status: Verdict,
  reason: string | undefined,
  now: number,
): Partial<DecidedRequest> {
  if (status === "approved") return { status, approvedBy: userId, approvedAt: now };
  return { status, rejectedBy: userId, rejectedAt: now, ...(reason === undefined ? {} : { reason }) };
}

function signalOf(requestId: string, status: Verdict, reason: string | undefined, now: number): Signal {
  const timestamp = Math.floor(now / 1000);
  if (status === "approved") return { type: "approval", requestId, status, timestamp };
  const why = reason === undefined ? {} : { reason };
  return { type: "rejection", requestId, status, ...why, timestamp };
}

async function load(
  storage: HitlStorage,
  requestId: string,
  caller: Caller,
): Promise<{ request: StoredRequest; text: string }> {
  const text = await storage.get(`${HITL_PREFIXES.request}${requestId}`);
  if (text === null) throw new AuraError("E1004");
  const request = parseStored(text);
  if (request.tenantId !== caller.tenantId) throw new AuraError("E2007");
  return { request, text };
}

/** A signal names no tenant: the request that the session points to does. */
async function refuseForeignSession(storage: HitlStorage, sessionId: string, caller: Caller): Promise<void> {
  const requestId = await storage.get(`${HITL_PREFIXES.session}${sessionId}`);
  if (requestId === null) return;
  const text = await storage.get(`${HITL_PREFIXES.request}${requestId}`);
  if (text !== null && parseStored(text).tenantId !== caller.tenantId) throw new AuraError("E2007");
}

/** What Aura stored must follow the contract: anything else is a bug there, and an E1000 here. */
function parseStored(text: string): StoredRequest {
  try {
    return storedRequest.parse(JSON.parse(text));
  } catch (cause) {
    throw new AuraError("E1000", { detail: "hitl:request does not follow the contract", cause });
  }
}

function summary(request: StoredRequest): DecisionAnswer {
  const { requestId, sessionId, status, reason } = request;
  return { requestId, sessionId, status, ...(reason === undefined ? {} : { reason }) };
}
