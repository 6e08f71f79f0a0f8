import { randomUUID } from "node:crypto";
import {
  THREAD_FORMAT_VERSION,
  type ThreadDocument,
  threadDocument,
} from "@aura-platform/contract/thread-document.ts";
import type { Logger } from "pino";
import { z } from "zod";
import { AuraError } from "../errors.ts";
import type { PortsOf } from "../ports/backend.ts";
import type { SavedThread } from "../ports/thread-archive.ts";
import type { ThreadGraph } from "../ports/thread-graph.ts";
import type { ApprovalRecord } from "../records/approval.ts";
import { isOwnedBy, isTerminal, type Owner, type RunRecord } from "../records/run.ts";

type KnownRunsDeps = PortsOf<{ threads: "run" }>;

type RefusalDeps = KnownRunsDeps & PortsOf<{ approvals: "get" }>;

export type ImportDeps = RefusalDeps &
  PortsOf<{ archive: "store"; queue: "enqueue" }> & {
    /** Rejects while the backend does not answer. */
    graph: () => Promise<Pick<ThreadGraph, "prepare" | "forget">>;
    logger: Logger;
    /** Unix ms. */
    now: () => number;
  };

/**
 * Stores an exported thread as a new one of the caller's, under a new thread id and the runs' own ids. A run
 * that waited is cancelled: an approval never travels. Everything is checked before anything is written.
 *
 * @returns the new thread's id
 * @throws AuraError E4000 for a document that is not one of ours, or of a newer version; E3001 when one of
 *   its runs or approvals is here already: `data` says which (`runId` or `requestId`), and in which thread
 *   when that is the caller's own
 */
export async function importThread(deps: ImportDeps, owner: Owner, body: unknown): Promise<string> {
  const document = parseDocument(body);
  const graph = await deps.graph();
  const storeState = document.state === null ? async () => {} : graph.prepare(document.state);
  const threadId = `thread-${randomUUID()}`;
  const saved = toSavedThread(document, owner, threadId, deps.now());
  await refuseKnownRuns(deps, saved, owner);
  try {
    await storeState(threadId);
    const stored = await deps.archive.store(saved, deps.now());
    if (!stored) throw await refusal(deps, saved, owner);
  } catch (error) {
    await graph.forget(threadId).catch((err: unknown) => {
      deps.logger.warn({ err, threadId }, "imported checkpoints are left over");
    });
    throw error;
  }
  // Runs that were not over are brought to their end.
  if (saved.runs.some(({ closed }) => !closed)) await deps.queue.enqueue({ ...owner, threadId }, "begun");
  return threadId;
}

function parseDocument(body: unknown): ThreadDocument {
  const { version } = z.object({ version: z.number() }).catch({ version: 0 }).parse(body);
  if (version > THREAD_FORMAT_VERSION) {
    throw new AuraError("E4000", {
      data: { version, supported: THREAD_FORMAT_VERSION },
      detail: "a newer document",
    });
  }
  const parsed = threadDocument.safeParse(body);
  if (parsed.success) return parsed.data;
  // The first few say enough; a document has thousands of places that can be wrong.
  const issues = parsed.error.issues.slice(0, 5);
  throw new AuraError("E4000", {
    data: { issues: issues.map(({ path, message }) => ({ path: path.join("."), message })) },
    detail: "not a thread's document",
  });
}

/** The common case gets its answer before checkpoints are written; `store` decides. */
async function refuseKnownRuns(
  { threads }: KnownRunsDeps,
  { runs }: SavedThread,
  owner: Owner,
): Promise<void> {
  for (const { run } of runs) {
    const known = await threads.run(run.runId);
    if (known !== null) throw isHere({ runId: run.runId }, known, owner);
  }
}

/** Why `store` has stored nothing. */
async function refusal(deps: RefusalDeps, saved: SavedThread, owner: Owner): Promise<AuraError> {
  await refuseKnownRuns(deps, saved, owner);
  for (const { requestId } of saved.approvals) {
    const known = await deps.approvals.get(requestId);
    if (known !== null) return isHere({ requestId }, known, owner);
  }
  // What was in the way has been deleted since.
  return new AuraError("E3001", { detail: "one of its runs or approvals was here already" });
}

/** Of somebody else's records the caller learns nothing but what stands in the caller's own document. */
function isHere(
  which: { runId: string } | { requestId: string },
  known: Owner & { threadId: string },
  owner: Owner,
): AuraError {
  const where = isOwnedBy(known, owner) ? { threadId: known.threadId } : {};
  return new AuraError("E3001", { data: { ...which, ...where }, detail: "is here already" });
}

function toSavedThread(document: ThreadDocument, owner: Owner, threadId: string, now: number): SavedThread {
  const { thread, runs, approvals, effects } = document;
  const saved = runs.map(({ run, events, closed }) => {
    const over = closed && isTerminal(run.status);
    // The processes that worked on it are none of this service.
    const { workers: _, alone: __, ...told } = run;
    const record: RunRecord = { ...told, ...owner, threadId };
    return {
      run: isTerminal(run.status) ? record : { ...record, status: "cancelled" as const },
      events,
      closed: over,
    };
  });
  return {
    thread: {
      v: 1,
      threadId,
      ...owner,
      title: thread.title,
      createdAt: thread.createdAt,
      updatedAt: now,
      currentRunId: saved.at(-1)?.run.runId ?? "",
      importedAt: now,
    },
    runs: saved,
    // Its owner and origin are never taken from the file.
    approvals: approvals.map((approval) => reowned({ ...approval, ...owner, threadId, imported: true }, now)),
    effects,
  };
}

function reowned(approval: ApprovalRecord, now: number): ApprovalRecord {
  if (approval.status !== "pending") return approval;
  return { ...approval, status: "cancelled", reason: "imported", decidedAt: now };
}
