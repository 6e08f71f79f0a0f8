import type { ApprovalStore } from "./approval-store.ts";
import type { CallExamination } from "./call-examination.ts";
import type { EffectLedger } from "./effect-ledger.ts";
import type { EventBus } from "./event-bus.ts";
import type { EventLog } from "./event-log.ts";
import type { JobQueue } from "./job-queue.ts";
import type { KnowledgeQueue } from "./knowledge-queue.ts";
import type { RunControl } from "./run-control.ts";
import type { SignalBus } from "./signal-bus.ts";
import type { TaskReports } from "./task-reports.ts";
import type { ThreadArchive } from "./thread-archive.ts";
import type { ThreadLeases } from "./thread-lease.ts";
import type { ThreadRegistry } from "./thread-registry.ts";
import type { ToolBoard } from "./tool-board.ts";

/** Where a deployment keeps its state: in this process, or in Redis. */
export interface Backend {
  readonly name: "embedded" | "redis";
  readonly eventLog: EventLog;
  readonly threads: ThreadRegistry;
  readonly leases: ThreadLeases;
  readonly approvals: ApprovalStore;
  readonly ledger: EffectLedger;
  readonly archive: ThreadArchive;
  readonly reports: TaskReports;
  readonly signals: SignalBus;
  readonly control: RunControl;
  readonly queue: JobQueue;
  readonly board: ToolBoard;
  readonly examination: CallExamination;
  /** DWP's domain events as they are published, and those received that are to be indexed. */
  readonly events: EventBus;
  readonly knowledge: KnowledgeQueue;
  /**
   * Prolongs the life of everything of a thread (records, events, approvals, ledger, not its checkpoints) to
   * the thread TTL from now.
   */
  touch(threadId: string): Promise<void>;
  /**
   * Resolves when the backend answers; rejects with BackendUnavailableError when it does not (within 2 s).
   */
  ping(): Promise<void>;
  /**
   * Whether an error that this backend has not wrapped (a checkpoint saver's) says that the backend was out
   * of reach or unable to serve.
   */
  isOutage(error: Error): boolean;
  /** Closes every connection and timer it opened. */
  close(): Promise<void>;
}

/**
 * Some ports of a backend, each with the operations that are used of it:
 * `PortsOf<{ threads: "run" | "transition" }>`. What an operation of the core says that it needs.
 */
export type PortsOf<Used extends { readonly [Port in keyof Backend]?: keyof Backend[Port] }> = {
  readonly [Port in keyof Used & keyof Backend]: Pick<Backend[Port], Used[Port] & keyof Backend[Port]>;
};
