import type { FastifyInstance, FastifyRequest } from "fastify";
import { AuraError } from "../errors.ts";
import { isOwnedBy, type ThreadRecord } from "../runs/run.ts";
import { callerOf } from "./auth.ts";
import { type FollowDeps, lastPosition, streamThread } from "./follow.ts";
import { languageOf } from "./language.ts";
import { parseInput, threadParams } from "./schemas.ts";

/** The caller's threads; anybody else's do not exist. */
export function threadRoutes(app: FastifyInstance, deps: FollowDeps): void {
  app.get("/aura/threads/:threadId/stream", async (request, reply) => {
    const { threadId } = parseInput(threadParams, request.params, languageOf(request));
    const thread = await ownThread(deps, threadId, request);
    const last = await lastPosition(deps, request);
    if (last !== null && last.run.threadId !== threadId) throw new AuraError("E1004");
    await streamThread(deps, thread, last, request, reply);
  });
}

async function ownThread(deps: FollowDeps, threadId: string, request: FastifyRequest): Promise<ThreadRecord> {
  const thread = await deps.threads.thread(threadId);
  if (thread === null || !isOwnedBy(thread, callerOf(request))) throw new AuraError("E1004");
  return thread;
}
