import type { StoredEvent } from "@aura-platform/contract/events.ts";
import {
  THREAD_FORMAT,
  THREAD_FORMAT_VERSION,
  type ThreadDocument,
} from "@aura-platform/contract/thread-document.ts";
import { AuraError } from "../errors.ts";
import type { PortsOf } from "../ports/backend.ts";
import type { ThreadGraph } from "../ports/thread-graph.ts";
import type { Owner, RunRecord } from "../records/run.ts";
import { eachEvent } from "../runs/each-event.ts";
import { type OwnThreadDeps, ownThread, type RunsOfDeps, runsOf } from "./own-thread.ts";

type RecordDeps = PortsOf<{ eventLog: "read" | "tail" }>;

export type ExportDeps = OwnThreadDeps &
  RunsOfDeps &
  RecordDeps &
  PortsOf<{ archive: "approvals" | "effects" }> & {
    /** Rejects while the backend does not answer. */
    graph: () => Promise<Pick<ThreadGraph, "dump">>;
    /** Unix ms. */
    now: () => number;
  };

/**
 * A thread as one document: checkpoints, runs with their events, approvals and what came of them.
 *
 * @throws AuraError E3001 while a run is queued or executing: half of what it does would be missing
 */
export async function exportThread(
  deps: ExportDeps,
  owner: Owner,
  threadId: string,
): Promise<ThreadDocument> {
  const thread = await ownThread(deps, owner, threadId);
  const graph = await deps.graph();
  const { archive } = deps;
  const runs = await runsOf(deps, threadId);
  const executing = runs.find(({ status }) => status === "queued" || status === "running");
  if (executing !== undefined) throw new AuraError("E3001", { data: { runId: executing.runId } });
  const recorded: ThreadDocument["runs"] = [];
  for (const run of runs) recorded.push(await record(deps, run));
  const [approvals, effects, state] = await Promise.all([
    archive.approvals(threadId),
    archive.effects(threadId),
    graph.dump(threadId),
  ]);
  return {
    format: THREAD_FORMAT,
    version: THREAD_FORMAT_VERSION,
    exportedAt: deps.now(),
    thread: {
      threadId,
      title: thread.title ?? "",
      createdAt: thread.createdAt,
      updatedAt: Math.max(thread.updatedAt, runs.at(-1)?.updatedAt ?? 0),
    },
    runs: recorded,
    approvals: approvals.map(withoutOwner),
    effects,
    state,
  };
}

async function record({ eventLog }: RecordDeps, run: RunRecord): Promise<ThreadDocument["runs"][number]> {
  const events: StoredEvent[] = [];
  await eachEvent(eventLog, run.runId, (_, stored) => events.push(stored));
  const { closed } = await eventLog.tail(run.runId);
  return { run: withoutOwner(run), events, closed };
}

function withoutOwner<T extends Owner>({ tenantId: _, userId: __, ...rest }: T): Omit<T, keyof Owner> {
  return rest;
}
