import { z } from "zod";

/** Where a request says that it comes from (`X-DWP-Source`). */
export const dwpSource = z.enum(["AURA", "FRONTEND", "INTERNAL", "BATCH"]);
export type DwpSource = z.output<typeof dwpSource>;

/** A trace id that is safe to echo and to log (`X-Correlation-ID`). */
export const TRACE_ID_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/;

/** `Idempotency-Key`: visible ASCII, as values of HTTP headers are. */
export const idempotencyKey = z.string().regex(/^[!-~]{1,255}$/, { error: "Idempotency-Key is malformed" });

/** What every request under /aura carries (docs/contract.md, section 2). */
export const requestHeaders = z.looseObject({
  authorization: z.string().describe("Bearer <jwt>"),
  "x-tenant-id": z.string().describe("Equal to the token's tenant_id"),
  "x-user-id": z.string().exactOptional().describe("Equal to the token's sub"),
  "x-dwp-source": z.string().exactOptional().describe("Logged"),
  "x-dwp-caller-type": z.string().exactOptional().describe("Logged"),
  "x-correlation-id": z.string().exactOptional().describe("The trace id; made when it is missing"),
  "accept-language": z.string().exactOptional().describe("English where it prefers English to Korean"),
});
export type RequestHeaders = z.output<typeof requestHeaders>;

/** Of a request that events are streamed to. */
export const followHeaders = requestHeaders.extend({
  "last-event-id": z.string().exactOptional().describe("<runId>:<seq> of the last event that the client has"),
});

/** Of a request that may start a run. */
export const startHeaders = followHeaders.extend({
  "idempotency-key": idempotencyKey.exactOptional(),
  "x-agent-id": z.string().exactOptional().describe("The thread, where the body names none"),
});

/** Of a request with which another service hands domain events in. */
export const serviceHeaders = requestHeaders.extend({
  "x-dwp-source": dwpSource.extract(["INTERNAL", "BATCH"]),
});

/** What every answer carries. */
export const answerHeaders = z.looseObject({ "x-correlation-id": z.string() });

/** What an answer carries that is a stream. */
export const streamHeaders = answerHeaders.extend({
  "content-type": z.literal("text/event-stream"),
  "cache-control": z.literal("no-cache"),
  connection: z.literal("keep-alive"),
  "x-accel-buffering": z.literal("no"),
  "x-thread-id": z.string(),
  "x-run-id": z.string().exactOptional().describe("Absent where a thread is followed"),
});
export type StreamHeaders = z.output<typeof streamHeaders>;
