import { forkBody } from "@aura-platform/contract/checkpoints.ts";
import { parseEventId } from "@aura-platform/contract/ids.ts";
import type { ThreadDocument } from "@aura-platform/contract/thread-document.ts";
import { replayBody, type ThreadRef, threadParams } from "@aura-platform/contract/threads.ts";
import type { FastifyInstance } from "fastify";
import { MAX_JSON_DEPTH } from "../../tools/json-depth.ts";
import { type ExportDeps, exportThread } from "../threads/export.ts";
import { type ForkDeps, forkThread } from "../threads/fork.ts";
import { type ImportDeps, importThread } from "../threads/import.ts";
import { type ReplayDeps, replayThread } from "../threads/replay.ts";
import { ownerOf } from "./auth.ts";
import { about, success } from "./envelope.ts";
import { type FollowDeps, lastPosition, startOf, streamEvents, streamRun } from "./follow.ts";
import { soleHeader } from "./header.ts";
import { languageOf } from "./language.ts";
import { parseInput } from "./schemas.ts";

export interface CopyDeps extends FollowDeps {
  saved: ReplayDeps & ForkDeps & ExportDeps & ImportDeps;
}

/** An export of a long thread is larger than any prompt. (The Gateway lets 256 KB through, as everywhere.) */
const IMPORT_LIMIT_BYTES = 16 * 1024 * 1024;

/** What was allowed as a context or a tool's result stands some levels down in a document. */
const IMPORT_DEPTH = MAX_JSON_DEPTH + 100;

/** Replaying, forking and moving the caller's threads. */
export function threadCopyRoutes(app: FastifyInstance, deps: CopyDeps): void {
  const { saved } = deps;

  app.post("/aura/threads/:threadId/replay", async (request, reply) => {
    const language = languageOf(request);
    const { threadId } = parseInput(threadParams, request.params, language);
    const { runId, from, speed } = parseInput(replayBody, request.body ?? {}, language);
    // A client whose connection broke sends the same body again, with the last id that it has.
    const last = parseEventId(soleHeader(request.headers, "last-event-id") ?? "");
    const place = last ?? from;
    const { position, events } = await replayThread(saved, ownerOf(request), threadId, {
      speed,
      ...(runId === undefined ? {} : { runId }),
      ...(place === undefined ? {} : { from: place }),
    });
    const headers = { "x-thread-id": threadId, "x-run-id": position.runId };
    const start = await startOf(deps.eventLog, position.runId, position.seq);
    await streamEvents(deps, start, headers, request, reply, events);
  });

  app.post("/aura/threads/:threadId/fork", async (request, reply) => {
    const last = await lastPosition(deps, request);
    if (last !== null) return streamRun(deps, last, request, reply);
    const language = languageOf(request);
    const { threadId } = parseInput(threadParams, request.params, language);
    const fork = parseInput(forkBody, request.body, language);
    const refusal = deps.streams.refusal(ownerOf(request));
    if (refusal !== undefined) throw refusal;
    const run = await forkThread(saved, ownerOf(request), threadId, fork, request.id);
    await streamRun(deps, { run, seq: 0 }, request, reply);
  });

  app.get("/aura/threads/:threadId/export", async (request) => {
    const { threadId } = parseInput(threadParams, request.params, languageOf(request));
    return success<ThreadDocument>(await exportThread(saved, ownerOf(request), threadId), about(request));
  });

  const document = { bodyLimit: IMPORT_LIMIT_BYTES, config: { jsonDepth: IMPORT_DEPTH } };
  app.post("/aura/threads/import", document, async (request) =>
    success<ThreadRef>(
      { threadId: await importThread(saved, ownerOf(request), request.body) },
      about(request),
    ),
  );
}
