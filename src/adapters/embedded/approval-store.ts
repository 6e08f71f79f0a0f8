import { HITL_TTL_S } from "@aura-platform/contract/hitl.ts";
import type { ApprovalStore } from "../../ports/approval-store.ts";
import type { ThreadRegistry } from "../../ports/thread-registry.ts";
import type { ApprovalRecord, Decision } from "../../records/approval.ts";
import { toHitlRequest } from "../../records/approval.ts";
import type { Owner } from "../../records/run.ts";
import { hitlRequestKey, hitlSessionKey, hitlSignalKey, hitlTaskKey } from "../hitl-keys.ts";
import {
  awaitsResume,
  isDecidedThere,
  publishedLifetimes,
  replacementOf,
  restatementOf,
  type Settling,
  settlingOf,
  WATCH_MS,
  WATCHED_AT_ONCE,
  withTaskId,
} from "../published-request.ts";
import type { EmbeddedBus } from "./bus.ts";
import { createPendingIndex } from "./pending-index.ts";

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
  const records = new Map<string, ApprovalRecord>();
  /** Request ids in order of opening. */
  const unfinished = createGroups();
  const ofThread = createGroups();
  const pendingOf = createGroups();
  const pending = createPendingIndex();
  /** Settled approvals that Main Service may still decide otherwise, by when they were settled. */
  const watched = new Map<string, number>();
  const tasks = new Map<string, string>();

  const openOne = (record: ApprovalRecord): ApprovalRecord[] => {
    if (records.has(record.requestId)) return [];
    const stored: ApprovalRecord = { ...structuredClone(record), status: "pending" };
    records.set(record.requestId, stored);
    unfinished.add(record.threadId, record.requestId);
    ofThread.add(record.threadId, record.requestId);
    pendingOf.add(ownerText(record), record.requestId);
    pending.add(record);
    publish(bus, stored);
    return [structuredClone(stored)];
  };

  /** Null when it may not be settled so. */
  const settle = (record: ApprovalRecord, wanted: Decision): ApprovalRecord | null => {
    const settling = settlingOf(record, bus.get(hitlRequestKey(record.requestId)), wanted);
    return settling === null ? null : settleAs(record, settling);
  };

  const settleAs = (record: ApprovalRecord, settling: Settling): ApprovalRecord => {
    const key = hitlRequestKey(record.requestId);
    const settled = { ...record, ...settling.decision };
    records.set(record.requestId, settled);
    pendingOf.remove(ownerText(record), record.requestId);
    pending.remove(record);
    if (settling.request !== null) bus.replace(key, settling.request);
    if (settling.isOpenAtMain) watched.set(record.requestId, settling.decision.decidedAt);
    return settled;
  };

  const isPublishedAsDecided = (record: ApprovalRecord): boolean =>
    record.status === "pending" && isDecidedThere(bus.get(hitlRequestKey(record.requestId)), record);

  const forgetOne = (requestId: string): void => {
    const record = records.get(requestId);
    if (record === undefined) return;
    records.delete(requestId);
    watched.delete(requestId);
    tasks.delete(requestId);
    pending.remove(record);
    pendingOf.remove(ownerText(record), requestId);
    unfinished.remove(record.threadId, requestId);
    ofThread.remove(record.threadId, requestId);
  };

  const listed = (requestIds: readonly string[]): ApprovalRecord[] =>
    requestIds.flatMap((requestId) => records.get(requestId) ?? []).sort((a, b) => a.createdAt - b.createdAt);

  return {
    async open(toOpen) {
      return toOpen.flatMap(openOne);
    },
    async get(requestId) {
      return structuredClone(records.get(requestId) ?? null);
    },
    async unfinished(threadId) {
      return structuredClone(listed(unfinished.of(threadId)));
    },
    async settle(requestId, decision) {
      const record = records.get(requestId);
      if (record === undefined) return null;
      const settled = settle(record, decision);
      if (settled === null) return { settled: false, record: structuredClone(record) };
      await makeDue(record.runId, decision.decidedAt);
      return { settled: true, record: structuredClone(settled) };
    },
    async supersede(threadId, runId, at) {
      const open = listed(unfinished.of(threadId)).filter((record) => record.runId === runId);
      const decided = open.find((record) => awaitsResume(record.status) || isPublishedAsDecided(record));
      if (decided !== undefined) return { kind: "decided", record: structuredClone(decided) };
      const decision: Decision = { status: "superseded", decidedAt: at };
      const settled = open.map((record) => settle(record, decision) ?? record);
      const superseded = settled.filter(({ status }) => status === "superseded");
      return { kind: "superseded", records: structuredClone(superseded) };
    },
    async replace(requestId, edited) {
      const record = records.get(requestId);
      if (record === undefined) return null;
      const replacement = replacementOf(record, bus.get(hitlRequestKey(requestId)), edited);
      if (replacement === null) return { kind: "stands", record: structuredClone(record) };
      settleAs(record, replacement);
      unfinished.remove(record.threadId, requestId);
      openOne(edited);
      await makeDue(edited.runId, edited.createdAt);
      return { kind: "replaced", record: structuredClone(records.get(edited.requestId) ?? edited) };
    },
    async link(requestId, taskId) {
      const key = hitlRequestKey(requestId);
      const text = bus.get(key);
      const linked = text === null ? null : withTaskId(text, taskId);
      if (linked === null) return;
      bus.replace(key, linked);
      bus.set(hitlTaskKey(taskId), requestId, HITL_TTL_S.task);
      if (records.has(requestId)) tasks.set(requestId, taskId);
    },
    async restate(requestId, at) {
      const record = records.get(requestId);
      const key = hitlRequestKey(requestId);
      const restatement = record === undefined ? null : restatementOf(record, bus.get(key), at);
      if (record === undefined || restatement === null) return null;
      const { lateDecision, request } = restatement;
      const restated = { ...record, lateDecision };
      records.set(requestId, restated);
      if (request !== null) bus.replace(key, request);
      return structuredClone(restated);
    },
    async contradicted(now) {
      const looked = [...watched].slice(0, WATCHED_AT_ONCE);
      for (const [requestId, settledAt] of looked) {
        if (settledAt < now - WATCH_MS) watched.delete(requestId);
      }
      return looked
        .map(([requestId]) => requestId)
        .filter((requestId) => {
          const record = records.get(requestId);
          const request = bus.get(hitlRequestKey(requestId));
          return record !== undefined && restatementOf(record, request, now) !== null;
        });
    },
    async finish(threadId, requestIds) {
      for (const requestId of requestIds) unfinished.remove(threadId, requestId);
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
      return pending.page(after, limit);
    },
    async pendingOf(owner) {
      return structuredClone(listed(pendingOf.of(ownerText(owner))));
    },
    ofThread: (threadId) => structuredClone(listed(ofThread.of(threadId))),
    has: (requestId) => records.has(requestId),
    restore(restored) {
      for (const record of restored) {
        records.set(record.requestId, structuredClone(record));
        ofThread.add(record.threadId, record.requestId);
      }
    },
    unpublish(threadId) {
      for (const requestId of ofThread.of(threadId)) {
        bus.delete(hitlRequestKey(requestId));
        const taskId = tasks.get(requestId);
        if (taskId !== undefined) bus.delete(hitlTaskKey(taskId));
      }
    },
    forget(threadId) {
      for (const requestId of ofThread.of(threadId)) forgetOne(requestId);
    },
  };
}

function publish(bus: EmbeddedBus, record: ApprovalRecord): void {
  const lifetimes = publishedLifetimes(record);
  const request = JSON.stringify(toHitlRequest(record));
  bus.set(hitlRequestKey(record.requestId), request, lifetimes.request / 1000);
  bus.set(hitlSessionKey(record.threadId), record.requestId, lifetimes.session / 1000);
}

/** JSON, because tenant and user may hold any character. */
function ownerText({ tenantId, userId }: Owner): string {
  return JSON.stringify([tenantId, userId]);
}

/** Ids by group, in the order in which they were added; an empty group takes no memory. */
function createGroups() {
  const groups = new Map<string, Set<string>>();
  return {
    of: (group: string): readonly string[] => [...(groups.get(group) ?? [])],
    add(group: string, id: string): void {
      groups.set(group, (groups.get(group) ?? new Set()).add(id));
    },
    remove(group: string, id: string): void {
      const ids = groups.get(group);
      ids?.delete(id);
      if (ids?.size === 0) groups.delete(group);
    },
  };
}
