import type { z } from "zod";
import { approvalList, editBody, pendingApproval } from "./approvals.ts";
import { auditList } from "./audit.ts";
import { forkBody, historyPage, historyQuery } from "./checkpoints.ts";
import { eventsBody, ingested } from "./domain-events.ts";
import { wireEvent } from "./events.ts";
import { followHeaders, requestHeaders, serviceHeaders, startHeaders } from "./headers.ts";
import { health, readiness } from "./health.ts";
import { requestParams } from "./hitl.ts";
import { streamBody, streamQuery } from "./prompts.ts";
import { afterQuery, eventParams, runParams, runReport, runSummary } from "./runs.ts";
import { threadDocument } from "./thread-document.ts";
import { replayBody, threadDetail, threadPage, threadParams, threadRef, threadsQuery } from "./threads.ts";
import { toolList } from "./tools.ts";

/** One route: what it takes, and the envelope's `data` that it answers with. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** With `:name` for the fields of `params`. */
  readonly path: string;
  /** Absent where no token is asked for. */
  readonly headers?: z.ZodType;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** `stream`: frames (frames.ts) in place of an envelope. */
  readonly answer: z.ZodType | "stream";
}

const thread = { headers: requestHeaders, params: threadParams };

/** Every route of Aura-Platform. */
export const ROUTES = Object.freeze({
  startRun: {
    method: "POST",
    path: "/aura/test/stream",
    headers: startHeaders,
    body: streamBody,
    answer: "stream",
  },
  startRunByUrl: {
    method: "GET",
    path: "/aura/test/stream",
    headers: startHeaders,
    query: streamQuery,
    answer: "stream",
  },
  run: {
    method: "GET",
    path: "/aura/runs/:runId",
    headers: requestHeaders,
    params: runParams,
    answer: runReport,
  },
  runEvent: {
    method: "GET",
    path: "/aura/runs/:runId/events/:seq",
    headers: requestHeaders,
    params: eventParams,
    answer: wireEvent,
  },
  followRun: {
    method: "GET",
    path: "/aura/runs/:runId/stream",
    headers: followHeaders,
    params: runParams,
    query: afterQuery,
    answer: "stream",
  },
  cancelRun: {
    method: "POST",
    path: "/aura/runs/:runId/cancel",
    headers: requestHeaders,
    params: runParams,
    answer: runSummary,
  },
  threads: {
    method: "GET",
    path: "/aura/threads",
    headers: requestHeaders,
    query: threadsQuery,
    answer: threadPage,
  },
  thread: { method: "GET", path: "/aura/threads/:threadId", ...thread, answer: threadDetail },
  removeThread: { method: "DELETE", path: "/aura/threads/:threadId", ...thread, answer: threadRef },
  threadHistory: {
    method: "GET",
    path: "/aura/threads/:threadId/history",
    ...thread,
    query: historyQuery,
    answer: historyPage,
  },
  threadAudit: { method: "GET", path: "/aura/threads/:threadId/audit", ...thread, answer: auditList },
  followThread: {
    method: "GET",
    path: "/aura/threads/:threadId/stream",
    headers: followHeaders,
    params: threadParams,
    answer: "stream",
  },
  replayThread: {
    method: "POST",
    path: "/aura/threads/:threadId/replay",
    headers: followHeaders,
    params: threadParams,
    body: replayBody,
    answer: "stream",
  },
  forkThread: {
    method: "POST",
    path: "/aura/threads/:threadId/fork",
    headers: followHeaders,
    params: threadParams,
    body: forkBody,
    answer: "stream",
  },
  exportThread: { method: "GET", path: "/aura/threads/:threadId/export", ...thread, answer: threadDocument },
  importThread: {
    method: "POST",
    path: "/aura/threads/import",
    headers: requestHeaders,
    body: threadDocument,
    answer: threadRef,
  },
  approvals: { method: "GET", path: "/aura/approvals", headers: requestHeaders, answer: approvalList },
  editApproval: {
    method: "POST",
    path: "/aura/approvals/:requestId/edit",
    headers: requestHeaders,
    params: requestParams,
    body: editBody,
    answer: pendingApproval,
  },
  tools: { method: "GET", path: "/aura/tools", headers: requestHeaders, answer: toolList },
  ingestEvents: {
    method: "POST",
    path: "/aura/events",
    headers: serviceHeaders,
    body: eventsBody,
    answer: ingested,
  },
  health: { method: "GET", path: "/health", answer: health },
  readiness: { method: "GET", path: "/ready", answer: readiness },
} as const satisfies Record<string, Route>);
