import { HITL_TTL_S } from "@aura-platform/contract/hitl.ts";
import type { ApprovalStore } from "../../ports/approval-store.ts";
import type { ThreadRegistry } from "../../ports/thread-registry.ts";
import type { ApprovalRecord } from "../../records/approval.ts";
import { hitlRequestKey, hitlSignalKey, hitlTaskKey } from "../hitl-keys.ts";
import { withTaskId } from "../published-request.ts";
import { createApprovalRecords } from "./approval-records.ts";
import { createEmbeddedApprovalSettlements } from "./approval-settlements.ts";
import type { EmbeddedBus } from "./bus.ts";

export interface EmbeddedApprovalStore extends ApprovalStore {
  /** Forgets all of the thread's approvals. */
  forget(threadId: string): void;
  /** All approvals that the thread has had, oldest first. */
  ofThread(threadId: string): ApprovalRecord[];
  has(requestId: string): boolean;
  /** Takes away what Main Service reads of the thread's approvals. */
  unpublish(threadId: string): void;
  /** Takes in approvals that are over. */
  restore(restored: readonly ApprovalRecord[]): void;
}

/**
 * Approval records in this process's memory, published on the bus that the dev Main Service reads.
 *
 * @param makeDue the thread registry's
 */
export function createEmbeddedApprovalStore(
  bus: EmbeddedBus,
  makeDue: ThreadRegistry["makeDue"],
): EmbeddedApprovalStore {
  const records = createApprovalRecords();

  return {
    ...createEmbeddedApprovalSettlements({ records, bus }, makeDue),
    async get(requestId) {
      return structuredClone(records.get(requestId) ?? null);
    },
    async unfinished(threadId) {
      return structuredClone(records.unfinished(threadId));
    },
    async link(requestId, taskId) {
      const key = hitlRequestKey(requestId);
      const text = bus.get(key);
      const linked = text === null ? null : withTaskId(text, taskId);
      if (linked === null) return;
      bus.replace(key, linked);
      bus.set(hitlTaskKey(taskId), requestId, HITL_TTL_S.task);
      if (records.has(requestId)) records.tasks.set(requestId, taskId);
    },
    async finish(threadId, requestIds) {
      for (const requestId of requestIds) records.finish(threadId, requestId);
    },
    async publishedRequest(requestId) {
      return bus.get(hitlRequestKey(requestId));
    },
    async published(approvals) {
      return approvals.map(({ requestId, threadId }) => ({
        request: bus.get(hitlRequestKey(requestId)),
        signal: bus.get(hitlSignalKey(threadId)),
      }));
    },
    async pending(after, limit) {
      return records.pending(after, limit);
    },
    async pendingOf(owner) {
      return structuredClone(records.pendingOf(owner));
    },
    ofThread: (threadId) => structuredClone(records.ofThread(threadId)),
    has: (requestId) => records.has(requestId),
    restore(restored) {
      for (const record of restored) records.restore(structuredClone(record));
    },
    unpublish(threadId) {
      for (const { requestId } of records.ofThread(threadId)) {
        bus.delete(hitlRequestKey(requestId));
        const taskId = records.tasks.get(requestId);
        if (taskId !== undefined) bus.delete(hitlTaskKey(taskId));
      }
    },
    forget: records.forget,
  };
}
