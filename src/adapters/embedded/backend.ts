import type { Backend } from "../../ports/backend.ts";
import type { BackendLogger } from "../backend-logger.ts";
import { reportTo, type WorkOptions } from "../job-options.ts";
import { DEFAULT_THREAD_TTL_MS } from "../retention.ts";
import { createEmbeddedApprovalStore } from "./approval-store.ts";
import type { EmbeddedBus } from "./bus.ts";
import { createEmbeddedCallExamination } from "./call-examination.ts";
import { createEmbeddedEffectLedger } from "./effect-ledger.ts";
import { createEmbeddedEventBus } from "./event-bus.ts";
import { createEmbeddedEventLog } from "./event-log.ts";
import { createEmbeddedJobQueue } from "./job-queue.ts";
import { createEmbeddedKnowledgeQueue } from "./knowledge-queue.ts";
import { createRetention } from "./retention.ts";
import { createEmbeddedRunControl } from "./run-control.ts";
import { createEmbeddedSignalBus } from "./signal-bus.ts";
import { createEmbeddedTaskReports } from "./task-reports.ts";
import { createEmbeddedThreadArchive } from "./thread-archive.ts";
import { createEmbeddedThreadLeases } from "./thread-lease.ts";
import { createEmbeddedThreadRegistry } from "./thread-registry.ts";
import { createEmbeddedToolBoard } from "./tool-board.ts";

interface EmbeddedBackendOptions extends WorkOptions {
  /** What this process shares with the dev Main Service in place of Redis. */
  bus: EmbeddedBus;
  logger: BackendLogger;
  /** How long everything of a finished thread is kept after its last use, in ms. */
  threadTtlMs?: number;
  /** Clock in Unix ms, replaceable so that tests can let things expire. */
  now?: () => number;
}

/** Everything in this process's memory: state lives as long as the process. */
export function createEmbeddedBackend(options: EmbeddedBackendOptions): Backend {
  const { bus, logger, threadTtlMs = DEFAULT_THREAD_TTL_MS, now = Date.now } = options;
  const eventLog = createEmbeddedEventLog();
  const leases = createEmbeddedThreadLeases(now);
  const threads = createEmbeddedThreadRegistry({
    now,
    leaseLeft: leases.left,
    touch: (threadId) => retention.touch(threadId),
  });
  const approvals = createEmbeddedApprovalStore(bus, threads.makeDue);
  const ledger = createEmbeddedEffectLedger(leases.isHeldBy);
  const reports = createEmbeddedTaskReports(threads.hasRun);
  const archive = createEmbeddedThreadArchive({ bus, threads, approvals, eventLog, ledger, reports });
  const retention = createRetention({
    now,
    ttlMs: threadTtlMs,
    isOver: threads.isOver,
    forget: archive.forget,
  });
  const queue = createEmbeddedJobQueue({ ...options, onError: reportTo(logger) });
  const knowledge = createEmbeddedKnowledgeQueue({ logger, now });
  return {
    name: "embedded",
    eventLog,
    threads,
    leases,
    approvals,
    ledger,
    archive,
    reports,
    queue,
    examination: createEmbeddedCallExamination(),
    knowledge,
    events: createEmbeddedEventBus(bus),
    signals: createEmbeddedSignalBus(bus),
    control: createEmbeddedRunControl(),
    board: createEmbeddedToolBoard(now),
    touch: async (threadId) => retention.touch(threadId),
    async ping() {},
    isOutage: () => false,
    async close() {
      await Promise.all([queue.close(), knowledge.close()]);
    },
  };
}
