import type { AuditList } from "@aura-platform/contract/audit.ts";
import { type HistoryPage, historyQuery } from "@aura-platform/contract/checkpoints.ts";
import {
  type ThreadDetail,
  type ThreadPage,
  type ThreadRef,
  threadParams,
  threadsQuery,
} from "@aura-platform/contract/threads.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { AuraError } from "../errors.ts";
import type { PortsOf } from "../ports/backend.ts";
import type { ThreadPosition } from "../ports/thread-archive.ts";
import { isOwnedBy, type ThreadRecord } from "../records/run.ts";
import { type AuditDeps, threadAudit } from "../threads/audit.ts";
import { type HistoryDeps, threadHistory } from "../threads/history.ts";
import { type RemoveDeps, removeThread } from "../threads/remove.ts";
import { type ShowThreadDeps, showThread } from "../threads/show.ts";
import { callerOf, ownerOf } from "./auth.ts";
import { about, success } from "./envelope.ts";
import { type FollowDeps, lastPosition, streamThread } from "./follow.ts";
import { languageOf } from "./language.ts";
import { parseInput } from "./schemas.ts";

export interface ThreadsDeps extends FollowDeps {
  saved: ShowThreadDeps & HistoryDeps & AuditDeps & RemoveDeps & PortsOf<{ archive: "list" }>;
  /** Deletes a condemned thread whose lease is held. */
  purge(thread: ThreadRecord, leaseHolder: string): Promise<void>;
}

/** The caller's threads; anybody else's do not exist. */
export function threadRoutes(app: FastifyInstance, deps: ThreadsDeps): void {
  const { saved } = deps;
  const threadIdOf = (request: FastifyRequest) =>
    parseInput(threadParams, request.params, languageOf(request)).threadId;

  app.get("/aura/threads", async (request) => {
    const { limit, cursor, status } = parseInput(threadsQuery, request.query, languageOf(request));
    const { items, next } = await saved.archive.list(ownerOf(request), {
      after: cursor === undefined ? null : parseCursor(cursor),
      limit,
      ...(status === undefined ? {} : { status }),
    });
    return success<ThreadPage>(
      { items, ...(next === null ? {} : { nextCursor: toCursor(next) }) },
      about(request),
    );
  });

  app.get("/aura/threads/:threadId", async (request) =>
    success<ThreadDetail>(await showThread(saved, ownerOf(request), threadIdOf(request)), about(request)),
  );

  app.get("/aura/threads/:threadId/history", async (request) => {
    const { limit, cursor, values } = parseInput(historyQuery, request.query, languageOf(request));
    const page = { limit, values, ...(cursor === undefined ? {} : { before: cursor }) };
    return success<HistoryPage>(
      await threadHistory(saved, ownerOf(request), threadIdOf(request), page),
      about(request),
    );
  });

  app.get("/aura/threads/:threadId/audit", async (request) =>
    success<AuditList>(await threadAudit(saved, ownerOf(request), threadIdOf(request)), about(request)),
  );

  app.delete("/aura/threads/:threadId", async (request) => {
    const threadId = threadIdOf(request);
    await removeThread(saved, ownerOf(request), threadId, deps.purge);
    return success<ThreadRef>({ threadId }, about(request));
  });

  app.get("/aura/threads/:threadId/stream", async (request, reply) => {
    const threadId = threadIdOf(request);
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

const position = z.tuple([z.number(), z.string().max(128)]);

/** A place in the list, as clients pass it back; what is in it is nobody's business. */
function toCursor({ updatedAt, threadId }: ThreadPosition): string {
  return Buffer.from(JSON.stringify([updatedAt, threadId])).toString("base64url");
}

/** @throws AuraError E4000 for a cursor that we never issued */
function parseCursor(cursor: string): ThreadPosition {
  try {
    const [updatedAt, threadId] = position.parse(
      JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")),
    );
    return { updatedAt, threadId };
  } catch (cause) {
    throw new AuraError("E4000", { data: { issues: [{ path: "cursor", message: "?" }] }, cause });
  }
}
