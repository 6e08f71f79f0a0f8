import type { Backend } from "../../src/ports/backend.ts";
import { pendingApprovalsContract } from "./approval-pending.ts";
import { publishedApprovalsContract } from "./approval-published.ts";
import { replaceContract } from "./approval-replace.ts";
import { approvalStoreContract } from "./approval-store.ts";
import { strangeRequestsContract } from "./approval-strange-requests.ts";
import { supersedeContract } from "./approval-supersede.ts";
import { approvalTransitionsContract } from "./approval-transitions.ts";
import { callExaminationContract } from "./call-examination.ts";
import { dueRunsContract } from "./due-runs.ts";
import { effectLedgerContract } from "./effect-ledger.ts";
import { eventBusContract } from "./event-bus.ts";
import { eventLogContract } from "./event-log.ts";
import { fairJobsContract } from "./fair-jobs.ts";
import type { MakeHarness } from "./harness.ts";
import { idempotencyContract } from "./idempotency.ts";
import { jobQueueContract, type MakeQueue } from "./job-queue.ts";
import { knowledgeQueueContract, type MakeKnowledgeQueue } from "./knowledge-queue.ts";
import { queuedRunsContract } from "./queued-runs.ts";
import { runControlContract } from "./run-control.ts";
import { runTransitionsContract } from "./run-transitions.ts";
import { runWorkersContract } from "./run-workers.ts";
import { signalBusContract } from "./signal-bus.ts";
import { taskReportsContract } from "./task-reports.ts";
import { threadArchiveContract } from "./thread-archive.ts";
import { threadLeaseContract } from "./thread-lease.ts";
import { threadRegistryContract } from "./thread-registry.ts";
import { toolBoardContract } from "./tool-board.ts";

/** How a backend is made, as a whole and in the parts that are tested with options of their own. */
export interface BackendHarness {
  backend: MakeHarness;
  jobs: MakeQueue;
  knowledge: MakeKnowledgeQueue;
}

type Suite<Made> = (name: string, make: Made) => void;
/** At least one. */
type Suites<Made> = readonly [Suite<Made>, ...Suite<Made>[]];
type Port = Exclude<keyof Backend, "name" | "touch" | "ping" | "isOutage" | "close">;

/** What a backend has to pass, by port: a port without a suite does not compile. */
const SUITES: { readonly [P in Exclude<Port, "queue" | "knowledge">]: Suites<MakeHarness> } & {
  readonly queue: Suites<MakeQueue>;
  readonly knowledge: Suites<MakeKnowledgeQueue>;
} = {
  eventLog: [eventLogContract],
  threads: [
    threadRegistryContract,
    runTransitionsContract,
    queuedRunsContract,
    idempotencyContract,
    dueRunsContract,
    runWorkersContract,
  ],
  leases: [threadLeaseContract],
  archive: [threadArchiveContract],
  reports: [taskReportsContract],
  approvals: [
    approvalStoreContract,
    approvalTransitionsContract,
    supersedeContract,
    replaceContract,
    publishedApprovalsContract,
    strangeRequestsContract,
    pendingApprovalsContract,
  ],
  ledger: [effectLedgerContract],
  signals: [signalBusContract],
  events: [eventBusContract],
  control: [runControlContract],
  board: [toolBoardContract],
  examination: [callExaminationContract],
  knowledge: [knowledgeQueueContract],
  queue: [jobQueueContract, fairJobsContract],
};

/** Every port's suites. */
export function backendContract(name: string, harness: BackendHarness): void {
  const { knowledge, queue, ...ofBackend } = SUITES;
  for (const suite of Object.values(ofBackend).flat()) suite(name, harness.backend);
  for (const suite of knowledge) suite(name, harness.knowledge);
  for (const suite of queue) suite(name, harness.jobs);
}
