import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from "fastify";
import type { Logger } from "pino";
import type { UseCases } from "./core.ts";
import { AuraError } from "./errors.ts";
import { approvalRoutes } from "./http/approvals.ts";
import { authentication } from "./http/auth.ts";
import { frameworkErrors, handleErrors } from "./http/error-handler.ts";
import { eventRoutes } from "./http/events.ts";
import { healthRoutes } from "./http/health.ts";
import { readJsonBodies } from "./http/json-body.ts";
import { createOpenStreams } from "./http/open-streams.ts";
import { runRoutes } from "./http/runs.ts";
import { streamRoutes } from "./http/stream.ts";
import { threadCopyRoutes } from "./http/thread-copies.ts";
import { threadRoutes } from "./http/threads.ts";
import { toolRoutes } from "./http/tools.ts";
import { traceIdOf, traceRequests } from "./http/trace.ts";
import type { OwnerCaps } from "./records/owner-caps.ts";

export interface AppDeps extends UseCases {
  logger: Logger;
  jwtSecret: string;
  /** False in a worker process, which answers health checks only. */
  serveApi: boolean;
  /** Aborted when the service is shutting down. */
  closing: AbortSignal;
  heartbeatMs: number;
  /** Whether events also have the names of DWP's web client. */
  clientAliases: boolean;
  /** How many streams may be open. */
  streamCaps: OwnerCaps;
}

/** Request bodies above this are refused with 413 (docs/contract.md, section 8). */
const BODY_LIMIT_BYTES = 256 * 1024;

/** Time for a client to send its whole request, in ms; answering may take as long as it takes. */
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * The request path, in order: trace, refuse when closing, authenticate (protected scope), route, errors as
 * envelope.
 */
export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const loggerInstance: FastifyBaseLogger = deps.logger;
  const app = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "traceId" }),
    requestIdHeader: false,
    genReqId: traceIdOf,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // A HEAD request must not start a run.
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 256 },
    frameworkErrors,
  });
  handleErrors(app);
  traceRequests(app);
  readJsonBodies(app);
  healthRoutes(app, deps.backend.name, deps.ready);
  if (!deps.serveApi) return app;
  await app.register(async (scope) => {
    scope.addHook("onRequest", async () => {
      if (deps.closing.aborted) throw new AuraError("E5002", { detail: "shutting down" });
    });
    await scope.register(authentication, { secret: deps.jwtSecret });
    const { threads, eventLog, approvals } = deps.backend;
    const { start, cancel, saved, purge, heartbeatMs, closing } = deps;
    const streams = createOpenStreams(deps.streamCaps);
    const aliases = deps.clientAliases;
    const follow = { threads, eventLog, heartbeatMs, aliases, closing, streams };
    streamRoutes(scope, { ...follow, start });
    runRoutes(scope, { ...follow, saved, cancel });
    threadRoutes(scope, { ...follow, saved, purge });
    threadCopyRoutes(scope, { ...follow, saved });
    approvalRoutes(scope, { approvals, edit: deps.edit });
    toolRoutes(scope, deps.tools);
    if (deps.ingest !== null) eventRoutes(scope, deps.ingest);
  });
  return app;
}
