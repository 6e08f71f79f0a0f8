import { eventsBody, type Ingested } from "@aura-platform/contract/domain-events.ts";
import { serviceHeaders } from "@aura-platform/contract/headers.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AuraError } from "../errors.ts";
import { callerOf } from "./auth.ts";
import { about, success } from "./envelope.ts";
import { headerOf } from "./header.ts";
import { languageOf } from "./language.ts";
import { parseInput } from "./schemas.ts";

/** Takes events of the tenant in; see knowledge/ingest. */
export type IngestEvents = (tenantId: string, events: readonly unknown[]) => Promise<Ingested>;

/**
 * A backfill has many events. (The Gateway lets 256 KB through, as everywhere; services need not go through
 * it.)
 */
const EVENTS_LIMIT_BYTES = 16 * 1024 * 1024;

const SOURCES: ReadonlySet<string> = new Set(serviceHeaders.shape["x-dwp-source"].options);

/** `POST /aura/events`: domain events that Pub/Sub may have lost, from another service of DWP. */
export function eventRoutes(app: FastifyInstance, ingest: IngestEvents): void {
  // Before the body is read: it may be large.
  const onRequest = async (request: FastifyRequest) => requireService(request);
  app.post("/aura/events", { bodyLimit: EVENTS_LIMIT_BYTES, onRequest }, async (request) => {
    const events = parseInput(eventsBody, request.body, languageOf(request));
    return success(await ingest(callerOf(request).tenantId, events), about(request));
  });
}

function requireService(request: FastifyRequest): void {
  if (callerOf(request).role !== "service") throw new AuraError("E2001", { detail: "role is not service" });
  if (!SOURCES.has(headerOf(request.headers, "x-dwp-source") ?? "")) {
    throw new AuraError("E2001", { detail: `X-DWP-Source is not ${[...SOURCES].join(" or ")}` });
  }
}
