import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { TRACE_ID_PATTERN } from "@aura-platform/contract/headers.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { cut } from "../../tools/cut.ts";
import { headerOf } from "./header.ts";

/** The request's trace id: the caller's X-Correlation-ID when it is sane, else a new one. */
export function traceIdOf(request: Pick<IncomingMessage, "headers">): string {
  const value = headerOf(request.headers, "x-correlation-id");
  return value !== undefined && TRACE_ID_PATTERN.test(value) ? value : randomUUID();
}

/**
 * Echoes the trace id, and logs one line per request: who, through what, how it ended. Never a token, query
 * or body.
 */
export function traceRequests(app: FastifyInstance): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-correlation-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        path: request.url.split("?")[0],
        statusCode: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        tenant: request.caller?.tenantId,
        user: request.caller?.userId,
        source: shortHeader(request, "x-dwp-source"),
        callerType: shortHeader(request, "x-dwp-caller-type"),
      },
      "request",
    );
  });
}

function shortHeader(request: FastifyRequest, name: string): string | undefined {
  const value = headerOf(request.headers, name);
  return value && cut(value, 64);
}
