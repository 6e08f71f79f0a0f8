import { randomUUID } from "node:crypto";
import type { Language } from "@aura-platform/contract/languages.ts";
import { AuraError, LimitError } from "../errors.ts";
import type { Backend, PortsOf } from "../ports/backend.ts";
import type { BeginOptions, BeginResult, Idempotency } from "../ports/thread-registry.ts";
import type { OwnerCaps } from "../records/owner-caps.ts";
import type { Owner, RunRecord } from "../records/run.ts";

/** A prompt of an authenticated caller. */
export interface Prompt {
  owner: Owner;
  threadId: string;
  prompt: string;
  context: Record<string, unknown>;
  language: Language;
  traceId: string;
  idempotency?: Idempotency;
  /** Set when nothing new may begin. A repeated request gets the run that it has started all the same. */
  refusal?: LimitError;
  /** Of a thread that begins with another one's checkpoint. */
  origin?: Pick<RunRecord, "continuesFrom" | "forkedFrom" | "promptId">;
}

export interface StartDeps
  extends PortsOf<{ threads: "begin" | "run"; approvals: "supersede"; queue: "enqueue" }>,
    Pick<Backend, "touch"> {
  /** Unix ms. */
  now: () => number;
  /** How many runs may be queued. */
  queuedCaps: OwnerCaps;
}

const NOTHING_NEW: OwnerCaps = Object.freeze({ user: 0, tenant: 0 });

/**
 * Records a new run on the thread and has it worked on. A thread that waits for approvals gives them up for
 * the new message (they are superseded, never approved); one that is executing is busy. The record alone is
 * enough: should the job be lost, the sweep makes another. A request whose Idempotency-Key has started a run
 * already gets that run.
 *
 * @throws AuraError E1004 when the thread is somebody else's; E3001 with `data.runId` when it is busy; E3006
 *   when the Idempotency-Key came with another body; LimitError when too many runs are queued, or the
 *   prompt's own refusal
 */
export async function startRun(deps: StartDeps, prompt: Prompt): Promise<RunRecord> {
  const { threads, queue, touch } = deps;
  const run = newRun(prompt, deps.now());
  const { idempotency, refusal } = prompt;
  const queued = refusal === undefined ? deps.queuedCaps : NOTHING_NEW;
  const options = { queued, ...(idempotency === undefined ? {} : { idempotency }) };
  let begun = await threads.begin(run, options);
  if (begun.kind === "busy" && begun.status === "waiting") {
    run.replaces = begun.runId;
    begun = await supersedeAndBegin(deps, run, begun, options);
  }
  switch (begun.kind) {
    case "foreign":
      throw new AuraError("E1004");
    case "busy":
      throw new AuraError("E3001", { data: { runId: begun.runId } });
    case "deleting":
      throw new AuraError("E3001", { detail: "the thread is being deleted" });
    case "full":
      throw refusal ?? new LimitError({ cap: "queuedRuns", scope: begun.scope, limit: queued[begun.scope] });
    case "mismatch":
      throw new AuraError("E3006", { detail: "Idempotency-Key reused for another body" });
    case "repeated":
      return runOrGone(await threads.run(begun.runId));
    case "started":
      await queue.enqueue(run, "new");
      await touch(run.threadId);
      return run;
  }
}

function newRun(prompt: Prompt, at: number): RunRecord {
  return {
    v: 1,
    runId: `run-${randomUUID()}`,
    threadId: prompt.threadId,
    ...prompt.owner,
    status: "queued",
    prompt: prompt.prompt,
    context: prompt.context,
    language: prompt.language,
    traceId: prompt.traceId,
    attempt: 1,
    createdAt: at,
    updatedAt: at,
    ...prompt.origin,
  };
}

async function supersedeAndBegin(
  deps: StartDeps,
  run: RunRecord,
  busy: Extract<BeginResult, { kind: "busy" }>,
  options: BeginOptions,
): Promise<BeginResult> {
  // A decision that was made is carried out first, so the thread is busy as if the run were executing.
  const superseded = await deps.approvals.supersede(run.threadId, busy.runId, deps.now());
  if (superseded.kind === "decided") return busy;
  return deps.threads.begin(run, { ...options, replaces: busy.runId });
}

function runOrGone(run: RunRecord | null): RunRecord {
  if (run === null) throw new AuraError("E1004", { detail: "the run of this Idempotency-Key is gone" });
  return run;
}
