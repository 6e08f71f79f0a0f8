import { randomUUID } from "node:crypto";
import type { z } from "zod";
import type { Connection } from "./connection.ts";
import { type RunEvent, wholeEvent } from "./events.ts";
import { ConnectionFailure, UnreadableAnswer } from "./failures.ts";
import { type Call, call, callForAnswer } from "./http.ts";
import {
  approvalPage,
  approvalRecord,
  auditPage,
  checkpointPage,
  notEditable,
  pendingApproval,
  runDetail,
  type Standing,
  standing,
  threadDetail,
  threadDocument,
  threadPage,
  threadRef,
} from "./shapes.ts";
import { type EventStream, readStream } from "./stream.ts";

/** What a person says to an approval. */
export interface Decision {
  verdict: "approve" | "reject";
  /** Of a rejection. */
  reason?: string | undefined;
}

/** Items of one answer at most; the service's own limit. */
const PAGE = 100;

export interface ReplayOptions {
  runId?: string | undefined;
  /** `<runId>:<seq>`: the events after it. */
  from?: string | undefined;
  /** 1: at the recorded pace; up to 100 times faster; 0: at once. */
  speed?: number | undefined;
}

export interface ForkOptions {
  checkpointId: string;
  prompt?: string | undefined;
  /** State keys with their new values. */
  edits?: Record<string, unknown> | undefined;
}

export type AuraApi = ReturnType<typeof createApi>;

/**
 * The HTTP API of Aura-Platform for one caller. Every function rejects with a ClientFailure:
 * ConnectionFailure when nobody answers, ServiceFailure when the service refuses. Ids go into paths as they
 * are: they are letters, digits, `_` and `-`.
 *
 * @param onBreak called when a stream's connection broke and is opened again
 */
export function createApi(connection: Connection, onBreak?: () => void) {
  const get: Get = async (schema, path, options) =>
    parsed(schema, (await callForAnswer(connection, path, options)).data, path);
  return {
    ...threadCalls(get),
    ...runCalls(get),
    ...approvalCalls(get, connection),
    ...streamCalls(connection, onBreak),
  };
}

/** Calls a path, and reads what it answers. */
type Get = <T>(schema: z.ZodType<T>, path: string, options?: Call) => Promise<T>;

function threadCalls(get: Get) {
  return {
    /** Newest first; as many as there are up to `limit`, in as many requests as it takes. */
    threads: (limit: number, status?: string) =>
      collect(limit, (query) =>
        get(threadPage, `/aura/threads?${query}${status === undefined ? "" : `&status=${status}`}`),
      ),
    thread: (threadId: string) => get(threadDetail, `/aura/threads/${threadId}`),
    history: (threadId: string, limit: number, values: boolean) =>
      collect(limit, (query) =>
        get(checkpointPage, `/aura/threads/${threadId}/history?${query}${values ? "&values=true" : ""}`),
      ),
    audit: (threadId: string) => get(auditPage, `/aura/threads/${threadId}/audit`),
    /** The saved thread as one document, as it was sent. */
    exportThread: (threadId: string) => get(threadDocument, `/aura/threads/${threadId}/export`),
    /** @param document JSON text */
    importThread: (document: string) =>
      get(threadRef, "/aura/threads/import", { method: "POST", body: document }),
    deleteThread: (threadId: string) => get(threadRef, `/aura/threads/${threadId}`, { method: "DELETE" }),
  };
}

function runCalls(get: Get) {
  return {
    run: (runId: string) => get(runDetail, `/aura/runs/${runId}`),
    /** An event as it was recorded, when the service had to cut it for its stream. */
    async wholeEvent(event: RunEvent): Promise<RunEvent> {
      if (event.data.truncated !== true) return event;
      const seq = event.id.slice(event.runId.length + 1);
      const { type, data } = await get(wholeEvent, `/aura/runs/${event.runId}/events/${seq}`);
      return { ...event, type, data };
    },
    cancel: (runId: string) => get(runDetail, `/aura/runs/${runId}/cancel`, { method: "POST" }),
  };
}

function approvalCalls(get: Get, connection: Connection) {
  const ask = (path: string, body: object) =>
    callForAnswer(connection, path, { method: "POST", body: JSON.stringify(body), accept: [409] });
  return {
    approvals: () => get(approvalPage, "/aura/approvals"),
    /** What Main Service has on record of an approval. Only the Gateway leads there. */
    approvalRecord: (requestId: string) => get(approvalRecord, `/aura/hitl/requests/${requestId}`),
    /**
     * Sends a decision to Main Service, through the Gateway. The first one wins: `decided` is false when
     * another has been made before, and `standing` is what Main Service answers (null: nothing that could be
     * read).
     */
    async decide(requestId: string, { verdict, reason }: Decision) {
      const path = `/aura/hitl/${verdict}/${requestId}`;
      const { status, data } = await ask(path, { userId: connection.userId, reason });
      if (status !== 409) return { decided: true, standing: parsed<Standing>(standing, data, path) };
      return { decided: false, standing: standing.safeParse(data).data ?? null };
    },
    /**
     * Puts an approval with these arguments in the place of one that waits. `approval` is the one that waits
     * then; null when nothing can be edited any more, and `refusal` is what stands (null: nothing that could
     * be read).
     */
    async edit(requestId: string, args: Record<string, unknown>) {
      const path = `/aura/approvals/${requestId}/edit`;
      const { status, data } = await ask(path, { arguments: args });
      if (status !== 409) return { approval: parsed(pendingApproval, data, path), refusal: null };
      return { approval: null, refusal: notEditable.safeParse(data).data ?? null };
    },
  };
}

function streamCalls(connection: Connection, onBreak: (() => void) | undefined) {
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    call(connection, path, { method: "POST", body: JSON.stringify(body), headers });
  return {
    /** Sends a prompt. Its key makes a repeated request follow the run that the first one has started. */
    async chat(prompt: string, threadId?: string): Promise<EventStream> {
      const key = { "idempotency-key": randomUUID() };
      const open = (position: string | null) =>
        post("/aura/test/stream", { prompt, threadId }, { ...key, ...lastEventId(position) });
      return readStream(await open(null), { reopen: open, onBreak });
    },
    /** Re-streams what was recorded; nothing is executed. */
    async replay(threadId: string, { runId, from, speed }: ReplayOptions): Promise<EventStream> {
      const open = (position: string | null) =>
        post(`/aura/threads/${threadId}/replay`, { runId, from: position ?? from, speed });
      return readStream(await open(null), { reopen: open, onBreak });
    },
    /**
     * Goes on from a checkpoint in a new thread. A second request would fork again: a broken stream is
     * followed by its run.
     */
    async fork(threadId: string, fork: ForkOptions): Promise<EventStream> {
      const first = await post(`/aura/threads/${threadId}/fork`, fork);
      const runId = first.headers.get("x-run-id");
      const reopen = (position: string | null) => {
        if (runId === null)
          throw new ConnectionFailure("broken", "the answer to the fork names no run to come back to");
        return call(connection, `/aura/runs/${runId}/stream`, { headers: lastEventId(position) });
      };
      return readStream(first, { reopen, onBreak });
    },
  };
}

function parsed<T>(schema: z.ZodType<T>, data: unknown, path: string): T {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const fields = result.error.issues.map((issue) => issue.path.join(".")).join(", ");
  throw new UnreadableAnswer(`the service's answer to ${path} is not what this version knows: ${fields}`);
}

/** Pages until `limit` items are there or nothing is left; `nextCursor` stays when there is more. */
async function collect<T>(
  limit: number,
  page: (query: string) => Promise<{ items: T[]; nextCursor?: string | undefined }>,
): Promise<{ items: T[]; nextCursor?: string }> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ limit: `${Math.min(PAGE, limit - items.length)}` });
    if (cursor !== undefined) query.set("cursor", cursor);
    const answer = await page(query.toString());
    items.push(...answer.items);
    cursor = answer.nextCursor;
  } while (cursor !== undefined && items.length < limit);
  return { items, ...(cursor === undefined ? {} : { nextCursor: cursor }) };
}

function lastEventId(position: string | null): Record<string, string> {
  return position === null ? {} : { "last-event-id": position };
}
