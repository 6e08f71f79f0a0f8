import { createHash } from "node:crypto";
import type { Owner } from "../../records/run.ts";

/**
 * Every key and channel name in Redis that is Aura's own; those that it shares with DWP's services are the
 * contract's (../hitl-keys.ts). An id is always the last part, unescaped: whatever characters it
 * holds (`:` and `*` too), two ids never share a name.
 */

/** STRING: written to see whether this Redis takes writes; gone after a second. */
export const PROBE_KEY = "aura:probe";

/** The thread's key without its id: a list of threads finds the ids only inside Redis. */
const THREAD_KEY_PREFIX = "aura:thread:";
/** HASH: one thread, its owner and its current run. */
export const threadKey = (threadId: string) => `${THREAD_KEY_PREFIX}${threadId}`;
/** ZSET: one owner's threads by their last change (Unix ms). */
export const threadsOfKey = ({ tenantId, userId }: Owner) =>
  `aura:threads-of:${sha256(JSON.stringify([tenantId, userId]))}`;
/** ZSETs: one user's and one tenant's runs that are `queued`, by their beginning (Unix ms). */
export const queuedOfKey = ({ tenantId, userId }: Owner) =>
  `aura:queued-of:${sha256(JSON.stringify([tenantId, userId]))}`;
export const queuedInKey = (tenantId: string) => `aura:queued-in:${sha256(JSON.stringify([tenantId]))}`;
/** LIST: ids of the thread's runs in order of their beginning. */
export const runsKey = (threadId: string) => `aura:runs:${threadId}`;
/** Channel: a run has begun on the thread. */
export const runsChannel = (threadId: string) => `aura:runs:${threadId}`;
/** The lease's key without its thread: found only inside Redis, too. */
const LEASE_KEY_PREFIX = "aura:lease:";
/** HASH: who works on the thread. */
export const leaseKey = (threadId: string) => `${LEASE_KEY_PREFIX}${threadId}`;
/** HASH: the run that an Idempotency-Key has started. Hashed: three texts of any characters make one id. */
export const idempotentRunKey = ({ tenantId, userId }: Owner, key: string) =>
  `aura:idempotency:${sha256(JSON.stringify([tenantId, userId, key]))}`;
/** The run's key without its id: `begin` finds the current run's id, and so its key, only inside Redis. */
const RUN_KEY_PREFIX = "aura:run:";
/** HASH: one run. */
export const runKey = (runId: string) => `${RUN_KEY_PREFIX}${runId}`;
/** The key of a run's events without its id. */
const EVENTS_KEY_PREFIX = "aura:events:";
/** STREAM: the run's events. */
export const eventsKey = (runId: string) => `${EVENTS_KEY_PREFIX}${runId}`;
/** Channel: something was added to the run's events, or they are gone. */
export const eventsChannel = (runId: string) => `${EVENTS_KEY_PREFIX}${runId}`;
/** The approval's key without its id, for the same reason. */
const APPROVAL_KEY_PREFIX = "aura:approval:";
/** HASH: one approval record. */
export const approvalKey = (requestId: string) => `${APPROVAL_KEY_PREFIX}${requestId}`;
const UNFINISHED_KEY_PREFIX = "aura:unfinished:";
/** LIST: ids of the thread's unfinished approvals in order of opening. */
export const unfinishedKey = (threadId: string) => `${UNFINISHED_KEY_PREFIX}${threadId}`;
/** SET: ids of all of the thread's approvals, finished ones too. */
export const approvalsKey = (threadId: string) => `aura:approvals:${threadId}`;
/** ZSET: all pending approvals, sorted by when they expire. */
export const PENDING_KEY = "aura:pending";
/**
 * ZSET: settled approvals that Main Service may still decide otherwise, by when they were settled (Unix ms).
 */
export const SETTLED_KEY = "aura:settled";
/** ZSET: one owner's pending approvals. The owner is hashed: two texts of any characters make one id. */
export const pendingOfKey = ({ tenantId, userId }: Owner) =>
  `aura:pending-of:${sha256(JSON.stringify([tenantId, userId]))}`;
/** Key prefixes by the names that scripts know them by: they find ids, and so keys, only inside Redis. */
export const PREFIXES = Object.freeze({
  threadPrefix: THREAD_KEY_PREFIX,
  runPrefix: RUN_KEY_PREFIX,
  leasePrefix: LEASE_KEY_PREFIX,
  eventsPrefix: EVENTS_KEY_PREFIX,
  approvalPrefix: APPROVAL_KEY_PREFIX,
  unfinishedPrefix: UNFINISHED_KEY_PREFIX,
});
/** HASH: what the thread's tool calls have done outside. */
export const ledgerKey = (threadId: string) => `aura:ledger:${threadId}`;
/** Channel: announcements to the processes that execute runs. */
export const CONTROL_CHANNEL = "aura:control";
/**
 * STRING: JSON of the tools that there are where runs are worked on, as one of those processes has told last.
 */
export const TOOLS_KEY = "aura:tools";
/** STRING: which kind of checkpoint saver holds this Redis' threads. */
export const CHECKPOINTER_KEY = "aura:checkpointer";
/** ZSET: ids of the runs that ought to be moving, by when (Unix ms). */
export const DUE_KEY = "aura:due";
/** ZSET: runs whose AgentTask has to be reported, by when (Unix ms). */
export const REPORTS_KEY = "aura:reports";
/** STREAM: received domain events that have not been indexed yet. */
export const KNOWLEDGE_EVENTS_KEY = "aura:knowledge:events";
/** Its consumer group: the processes that index. */
export const KNOWLEDGE_GROUP = "aura";
/** STREAM: the last events that could not be indexed. */
export const KNOWLEDGE_DEAD_KEY = "aura:knowledge:dead";
/**
 * STRING: an event was received, and with which content. Hashed: three texts of any characters make one id.
 */
export const knowledgeSeenKey = (
  { tenantId, eventId }: { tenantId: string; eventId: string },
  digest: string,
) => `aura:knowledge:seen:${sha256(JSON.stringify([tenantId, eventId, digest]))}`;
/** ZSET: tenants with threads that wait for a worker, by turn. */
export const READY_KEY = "aura:ready";
/**
 * ZSETs: a tenant's users with threads that wait, by turn; a user's threads that wait, in order. Found only
 * inside Redis.
 */
export const READY_TENANT_PREFIX = "aura:ready:tenant:";
export const READY_USER_PREFIX = "aura:ready:user:";
/** BullMQ's keys are `<prefix>:<queue>:...`. */
export const QUEUE_PREFIX = "aura";
export const QUEUE_NAME = "jobs";
/** Channel: calls that somebody has edited, to be looked at where the tools are. */
export const EXAMINATION_CHANNEL = "aura:examination";
/** STRING: somebody answers this question. */
export const examinationKey = (id: string) => `aura:examination:${id}`;
/** Channel: the answer to it. */
export const examinedChannel = (id: string) => `aura:examined:${id}`;

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
