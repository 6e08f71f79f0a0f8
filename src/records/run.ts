import type { ErrorCode, Language } from "../errors.ts";

/** `queued -> running -> (waiting -> running)* -> completed | failed | cancelled` (docs/architecture.md). */
export type RunStatus = "queued" | "running" | "waiting" | "completed" | "failed" | "cancelled";

export const TERMINAL: readonly RunStatus[] = Object.freeze(["completed", "failed", "cancelled"]);

/** Who a thread, run or approval belongs to; nobody else may learn that it exists. */
export interface Owner {
  tenantId: string;
  userId: string;
}

/** One prompt on a thread, from POST to `[DONE]`. */
export interface RunRecord extends Owner {
  /** Format version of this record, for rolling deploys. */
  v: 1;
  runId: string;
  threadId: string;
  status: RunStatus;
  prompt: string;
  /** What the client says about itself: activeApp, path, itemId, language ... */
  context: Record<string, unknown>;
  language: Language;
  traceId: string;
  /** 1, and one more for every time that the run was taken up again after its worker was lost. */
  attempt: number;
  /** Ms that it was worked on before it became what it is now; none is 0. */
  workedMs?: number;
  /** Unix milliseconds, as every `...At` of our own records. */
  createdAt: number;
  updatedAt: number;
  /** The run whose pending approvals this run's prompt superseded. */
  replaces?: string;
  /**
   * Id of the checkpoint that this run goes on from: the first run of a forked thread, which is not empty
   * when it begins.
   */
  continuesFrom?: string;
  /** The thread that the checkpoint was copied from. */
  forkedFrom?: string;
  /** Id of the message that holds the prompt, when it is not the run's own: a fork without a new prompt. */
  promptId?: string;
  error?: { errorCode: ErrorCode; message: string; reason?: "no_progress" };
  /**
   * Processes that have begun to work on the run since its last new checkpoint, and have not said that they
   * have stopped: those that have ended, and at most one that works on it. The last to begin stands last
   * (docs/decisions/0052).
   */
  workers?: string[];
  /** Which of them works, or has worked, on nothing else meanwhile. */
  alone?: string;
}

/** One conversation; LangGraph's `thread_id`; `sessionId` on the wire. */
export interface ThreadRecord extends Owner {
  v: 1;
  threadId: string;
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
