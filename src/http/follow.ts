import { parseEventId } from "@aura-platform/contract/ids.ts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { AuraError } from "../errors.ts";
import type { PortsOf } from "../ports/backend.ts";
import { isOwnedBy, type RunRecord, type ThreadRecord } from "../records/run.ts";
import { followRun, followThread, type RunEvents } from "../runs/follow.ts";
import { callerOf, ownerOf } from "./auth.ts";
import { soleHeader } from "./header.ts";
import type { OpenStreams } from "./open-streams.ts";
import { type EventStreamReply, sendEventStream } from "./sse.ts";

export interface FollowDeps
  extends PortsOf<{ threads: "run" | "thread" | "runsOf" | "watch"; eventLog: "read" | "tail" | "watch" }> {
  heartbeatMs: number;
  /** Whether events also have the names of DWP's web client. */
  aliases: boolean;
  streams: OpenStreams;
  /** Aborted when the server closes: open streams end, and their clients come back elsewhere. */
  closing: AbortSignal;
}

/** A place in one of the caller's runs. */
interface Position {
  run: RunRecord;
  seq: number;
}

/** The caller's run of this id; anybody else's does not exist. */
export async function ownRun(
  threads: Pick<FollowDeps["threads"], "run">,
  runId: string,
  request: FastifyRequest,
): Promise<RunRecord> {
  const run = await threads.run(runId);
  if (run === null || !isOwnedBy(run, callerOf(request))) throw new AuraError("E1004");
  return run;
}

/**
 * Where the client says it is (`Last-Event-ID`); null when it says nothing, E1004 when we never issued that
 * id to it.
 */
export async function lastPosition(deps: FollowDeps, request: FastifyRequest): Promise<Position | null> {
  const lastEventId = soleHeader(request.headers, "last-event-id");
  if (lastEventId === undefined) return null;
  const position = parseEventId(lastEventId);
  if (position === null) throw new AuraError("E1004");
  return checkedPosition(deps, await ownRun(deps.threads, position.runId, request), position.seq);
}

/** @throws AuraError E1004 for a position that no event of the run has reached */
export async function checkedPosition(deps: FollowDeps, run: RunRecord, seq: number): Promise<Position> {
  const { lastSeq } = await deps.eventLog.tail(run.runId);
  if (seq > lastSeq) throw new AuraError("E1004", { detail: "an event id that was never issued" });
  return { run, seq };
}

/**
 * The place where a stream begins, and whether the event there is its run's error, after which nothing comes.
 */
export async function startOf(eventLog: Pick<FollowDeps["eventLog"], "read">, runId: string, seq: number) {
  const last = seq === 0 ? undefined : (await eventLog.read(runId, seq - 1, 1)).events[0];
  return { runId, seq, failed: last?.event.type === "error" };
}

/** Streams a run to this request until the run ends, the client leaves or the server closes. */
export async function streamRun(
  deps: FollowDeps,
  { run, seq }: Position,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { runId, threadId } = run;
  const headers = { "x-thread-id": threadId, "x-run-id": runId };
  const start = await startOf(deps.eventLog, runId, seq);
  // An EventSource takes every end for a break and comes back, with GET, until it is told that there is
  // nothing to come back for.
  if (start.failed && request.method === "GET" && request.headers["last-event-id"] !== undefined) {
    await reply.code(204).headers(headers).send();
    return;
  }
  await streamEvents(deps, start, headers, request, reply, (signal) =>
    followRun(deps.eventLog, runId, seq, signal),
  );
}

/** Streams every run of a thread, now and to come, until the client leaves or the server closes. */
export async function streamThread(
  deps: FollowDeps,
  thread: ThreadRecord,
  from: Position | null,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { threadId } = thread;
  const first = from?.run.runId ?? (await deps.threads.runsOf(threadId))[0] ?? thread.currentRunId;
  const position = { runId: first, seq: from?.seq ?? 0 };
  // What a run has ended with does not matter: the stream goes on with the next one.
  await streamEvents(
    deps,
    { ...position, failed: false },
    { "x-thread-id": threadId },
    request,
    reply,
    (signal) => followThread(deps, threadId, position, signal),
  );
}

/**
 * Answers with events until they end, the client leaves, the stream has to give way to a newer one or the
 * server closes.
 */
export async function streamEvents(
  deps: FollowDeps,
  position: EventStreamReply["position"],
  headers: Record<string, string>,
  request: FastifyRequest,
  reply: FastifyReply,
  follow: (signal: AbortSignal) => AsyncIterable<RunEvents>,
): Promise<void> {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  // The client may have left while its run was being started; then there is no other "close" to come.
  if (reply.raw.destroyed) gone.abort();
  const place = deps.streams.open(ownerOf(request));
  const signal = AbortSignal.any([gone.signal, deps.closing, place.givesWay]);
  request.log.info({ ...position, threadId: headers["x-thread-id"] }, "stream opened");
  try {
    const { heartbeatMs, aliases } = deps;
    const events = follow(signal);
    await sendEventStream(reply, { headers, position, events, aliases, heartbeatMs, signal });
  } catch (err) {
    // The answer has begun, so no envelope: the cut connection makes the client come back with its position.
    request.log.error({ err, runId: position.runId }, "stream cut");
  } finally {
    place.close();
    if (place.givesWay.aborted) request.log.info({ runId: position.runId }, "stream gave way to a newer one");
  }
}
