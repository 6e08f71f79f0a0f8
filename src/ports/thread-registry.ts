import type { RunStatus } from "@aura-platform/contract/run-status.ts";
import type { OwnerCaps } from "../records/owner-caps.ts";
import type { RunRecord, StatusBefore, ThreadRecord } from "../records/run.ts";
import type { OwnedThread } from "./job-queue.ts";

export type BeginResult =
  | { kind: "started" }
  /** The thread belongs to somebody else: to the caller it does not exist. */
  | { kind: "foreign" }
  /** The thread's current run is not over. */
  | { kind: "busy"; runId: string; status: RunStatus }
  /** This Idempotency-Key started that run already, with the same body. */
  | { kind: "repeated"; runId: string }
  /** This Idempotency-Key came with another body before. */
  | { kind: "mismatch" }
  /** The thread is being deleted. */
  | { kind: "deleting" }
  /** So many runs of this user, or of its tenant, are queued that no other may be. */
  | { kind: "full"; scope: keyof OwnerCaps };

/** A client's promise that requests with the same key are one request. Kept 24 h per owner. */
export interface Idempotency {
  /** As the client sent it: any text, up to 255 characters. */
  key: string;
  /** SHA-256 (hex) of the body that it came with. */
  bodyDigest: string;
}

export interface BeginOptions {
  /**
   * The run that may be replaced: when it is the current one and `waiting`, it becomes `cancelled` in the
   * same step.
   */
  replaces?: string;
  idempotency?: Idempotency;
  /**
   * How many runs may be `queued`, this one among them. It does not hold for a run that replaces another:
   * that one has been let in when it was found waiting, and by now its approvals are given up.
   */
  queued?: OwnerCaps;
}

/** What a transition may set beside the status. */
export interface RunPatch extends Pick<Partial<RunRecord>, "error" | "attempt" | "workedMs"> {
  /** With `running`: who begins to work on the run, and whether it works on nothing else meanwhile. */
  worker?: { id: string; alone: boolean };
}

/**
 * What a worker says of itself: it `begins` to work on a run, outside of a transition; it has stored a new
 * checkpoint (`progressed`); it works on others too from now on (`joined`); it has stopped in good order
 * (`left`).
 */
export type Attendance = "begins" | "progressed" | "joined" | "left";

/** A run that ought to be moving. */
export interface DueRun extends OwnedThread {
  runId: string;
  /** Not a new prompt that nobody has worked on. */
  begun: boolean;
}

/** Threads, their owners and their runs. Every operation is atomic. */
export interface ThreadRegistry {
  /**
   * Claims the thread for the run's owner on first use, stores the run (status `queued`), makes it the
   * thread's current run and due at its `createdAt`. With an idempotency key that is known for this owner
   * nothing is stored; a key whose run does not exist (any more) is free. Only a run that is `started` takes
   * the key. `full` is answered where the run would begin or could replace a waiting one, and nothing else
   * stands against it.
   */
  begin(run: RunRecord, options?: BeginOptions): Promise<BeginResult>;
  thread(threadId: string): Promise<ThreadRecord | null>;
  run(runId: string): Promise<RunRecord | null>;
  /** The thread's run ids, oldest first. */
  runsOf(threadId: string): Promise<string[]>;
  /**
   * Moves a run to `to` if its status is one of `from`; null, and nothing changed, when it is not. In the
   * same step the run becomes due at `at`, whatever the status: what follows a transition (announcing it,
   * closing the log) must be made good by somebody else if this process dies. `notDue` says that it has been
   * done.
   *
   * A worker in the patch becomes the last of the run's `workers`; any status but `running` empties them,
   * because whoever brought that about has worked to a stop.
   *
   * @param ifAttempt who works on the run names the attempt that it works on: when the run has been taken up
   *   again since, nothing is changed
   * @throws IllegalTransitionError when a run may never become `to` from one of `from` (records/run.ts);
   *   nothing is changed
   */
  transition<To extends RunStatus>(
    runId: string,
    from: readonly StatusBefore<To>[],
    to: To,
    at: number,
    patch?: RunPatch,
    ifAttempt?: number,
  ): Promise<RunRecord | null>;
  /**
   * Keeps `workers` and `alone` of the run. Nothing happens when there is no such run, when a worker that
   * `left`, `joined` or `progressed` is not among them, and when one that `progressed` is not the last:
   * others have taken the run up since.
   */
  attend(runId: string, worker: string, what: Attendance): Promise<void>;
  /** Makes the run due at `at` (Unix ms): there is work on it that somebody has to take up. */
  makeDue(runId: string, at: number): Promise<void>;
  /** Since when the run is due (Unix ms), or null when it is not. */
  dueAt(runId: string): Promise<number | null>;
  /**
   * The run needs nobody, until something makes it due again. With `since`, only if it is still due at that
   * time: what has happened meanwhile (a decision) must not be forgotten.
   */
  notDue(runId: string, since?: number): Promise<void>;
  /**
   * Up to `limit` runs that are due at or before `now` and whose thread nobody holds a lease on. All that
   * were due become due at `nextDue`, so that sweeps of several instances share the work; leased ones already
   * when their lease runs out, if that is earlier, so that a worker that has died is noticed then.
   */
  takeDue(now: number, nextDue: number, limit: number): Promise<DueRun[]>;
  /** Calls `onChange` after every `begin` on the thread, as EventLog.watch does. */
  watch(threadId: string, onChange: () => void): Promise<() => void>;
}
