import type { RunStatus } from "@aura-platform/contract/run-status.ts";
import type { RecordedRun } from "@aura-platform/contract/thread-document.ts";

export const TERMINAL: readonly RunStatus[] = Object.freeze(["completed", "failed", "cancelled"]);

/** Who a thread, run or approval belongs to; nobody else may learn that it exists. */
export interface Owner {
  tenantId: string;
  userId: string;
}

/**
 * One prompt on a thread, from POST to `[DONE]`. Its `workers` are the processes that have begun to work on
 * it since its last new checkpoint and have not said that they have stopped: those that have ended, and at
 * most one that works on it. The last to begin stands last. `alone` is the one of them that works, or has
 * worked, on nothing else meanwhile (docs/decisions/0052).
 */
export interface RunRecord extends RecordedRun, Owner {}

/** One conversation; LangGraph's `thread_id`; `sessionId` on the wire. */
export interface ThreadRecord extends Owner {
  v: 1;
  threadId: string;
  /** Unix ms, as every `...At` of our own records. */
  createdAt: number;
  updatedAt: number;
  currentRunId: string;
  /** The beginning of its first prompt. Threads of the first version have none. */
  title?: string;
  /** When it came with a file: what it holds of the time before is what the file says. */
  importedAt?: number;
  /** Set when the thread is being deleted: nothing may begin on it any more. */
  deletedAt?: number;
}

const TITLE_CHARS = 80;

/** A thread's title: its first prompt in one line, cut to 80 characters. */
export function titleOf(prompt: string): string {
  const characters = [...prompt.replace(/\s+/g, " ").trim()];
  return characters.length <= TITLE_CHARS
    ? characters.join("")
    : `${characters.slice(0, TITLE_CHARS - 1).join("")}…`;
}

const NEXT = Object.freeze({
  queued: ["running", "cancelled", "failed"],
  running: ["waiting", "completed", "failed", "cancelled"],
  waiting: ["running", "cancelled", "failed"],
  completed: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<RunStatus, readonly RunStatus[]>);

type Next = typeof NEXT;

/** What a run may be before it becomes `To`; before `running` also `running`, when its worker was lost. */
export type StatusBefore<To extends RunStatus> =
  | { [From in RunStatus]: To extends Next[From][number] ? From : never }[RunStatus]
  | (To extends "running" ? "running" : never);

/** Whether a run in state `from` may become `to`. */
export function mayBecome(from: RunStatus, to: RunStatus): boolean {
  const next: readonly RunStatus[] = NEXT[from];
  return next.includes(to);
}

/** Somebody has asked for a change of status that no run may ever make: a mistake in the program. */
export class IllegalTransitionError extends Error {
  constructor(from: RunStatus, to: RunStatus) {
    super(`a run that is ${from} never becomes ${to}`);
    this.name = "IllegalTransitionError";
  }
}

/**
 * What every ThreadRegistry asks before it moves a run. A run that is taken up again after its worker was
 * lost stays `running`, which is no change of status and allowed.
 *
 * @throws IllegalTransitionError when one of `from` may not become `to`
 */
export function checkTransition(from: readonly RunStatus[], to: RunStatus): void {
  const illegal = from.find(
    (status) => !mayBecome(status, to) && !(status === "running" && to === "running"),
  );
  if (illegal !== undefined) throw new IllegalTransitionError(illegal, to);
}

export function isTerminal(status: RunStatus): boolean {
  return TERMINAL.includes(status);
}

/** Ownership is (tenant, user); the comparison is exact. */
export function isOwnedBy(thing: Owner, owner: Owner): boolean {
  return thing.tenantId === owner.tenantId && thing.userId === owner.userId;
}
