import type { WireEvent } from "@aura-platform/contract/events.ts";
import {
  afterQuery,
  eventParams,
  type RunReport,
  type RunSummary,
  runParams,
} from "@aura-platform/contract/runs.ts";
import type { FastifyInstance } from "fastify";
import { AuraError } from "../errors.ts";
import type { Owner, RunRecord } from "../records/run.ts";
import { type RunReportDeps, runReport } from "../threads/run-report.ts";
import { showRun } from "../threads/show.ts";
import { ownerOf } from "./auth.ts";
import { about, success } from "./envelope.ts";
import { checkedPosition, type FollowDeps, lastPosition, ownRun, streamRun } from "./follow.ts";
import { languageOf } from "./language.ts";
import { parseInput } from "./schemas.ts";

export interface RunsDeps extends FollowDeps {
  saved: RunReportDeps;
  cancel(owner: Owner, runId: string): Promise<RunRecord>;
}

/** What the caller may see of its runs and do with them; anybody else's do not exist. */
export function runRoutes(app: FastifyInstance, deps: RunsDeps): void {
  app.get("/aura/runs/:runId", async (request) => {
    const { runId } = parseInput(runParams, request.params, languageOf(request));
    return success<RunReport>(
      await runReport(deps.saved, await ownRun(deps.threads, runId, request)),
      about(request),
    );
  });

  app.get("/aura/runs/:runId/events/:seq", async (request) => {
    const { runId, seq } = parseInput(eventParams, request.params, languageOf(request));
    await ownRun(deps.threads, runId, request);
    const [stored] = (await deps.eventLog.read(runId, seq - 1, 1)).events;
    if (stored === undefined) throw new AuraError("E1004");
    return success<WireEvent>(stored.event, about(request));
  });

  app.get("/aura/runs/:runId/stream", async (request, reply) => {
    const { runId } = parseInput(runParams, request.params, languageOf(request));
    const { after } = parseInput(afterQuery, request.query, languageOf(request));
    const run = await ownRun(deps.threads, runId, request);
    const last = await lastPosition(deps, request);
    if (last !== null && last.run.runId !== runId) throw new AuraError("E1004");
    await streamRun(deps, last ?? (await checkedPosition(deps, run, after)), request, reply);
  });

  app.post("/aura/runs/:runId/cancel", async (request) => {
    const { runId } = parseInput(runParams, request.params, languageOf(request));
    return success<RunSummary>(showRun(await deps.cancel(ownerOf(request), runId)), about(request));
  });
}
