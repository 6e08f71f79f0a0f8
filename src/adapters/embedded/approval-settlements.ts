import type { ApprovalStore } from "../../ports/approval-store.ts";
import type { ThreadRegistry } from "../../ports/thread-registry.ts";
import { type ApprovalRecord, type Decision, toHitlRequest } from "../../records/approval.ts";
import { hitlRequestKey, hitlSessionKey } from "../hitl-keys.ts";
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
} from "../published-request.ts";
import type { ApprovalRecords } from "./approval-records.ts";
import type { EmbeddedBus } from "./bus.ts";

/** The approvals, and the bus on which Main Service reads them. */
interface Places {
  records: ApprovalRecords;
  bus: EmbeddedBus;
}

/** What begins and ends an approval, or says again how it ended. */
export function createEmbeddedApprovalSettlements(
  places: Places,
  makeDue: ThreadRegistry["makeDue"],
): Pick<ApprovalStore, "open" | "settle" | "supersede" | "replace" | "restate" | "contradicted"> {
  const { records, bus } = places;
  const requestOf = (requestId: string) => bus.get(hitlRequestKey(requestId));
  const isPublishedAsDecided = (record: ApprovalRecord): boolean =>
    record.status === "pending" && isDecidedThere(requestOf(record.requestId), record);

  return {
    async open(toOpen) {
      return toOpen.flatMap((record) => open(places, record));
    },
    async settle(requestId, decision) {
      const record = records.get(requestId);
      if (record === undefined) return null;
      const settled = settle(places, record, decision);
      if (settled === null) return { settled: false, record: structuredClone(record) };
      await makeDue(record.runId, decision.decidedAt);
      return { settled: true, record: structuredClone(settled) };
    },
    async supersede(threadId, runId, at) {
      const unfinished = records.unfinished(threadId).filter((record) => record.runId === runId);
      const decided = unfinished.find(
        (record) => awaitsResume(record.status) || isPublishedAsDecided(record),
      );
      if (decided !== undefined) return { kind: "decided", record: structuredClone(decided) };
      const decision: Decision = { status: "superseded", decidedAt: at };
      const settled = unfinished.map((record) => settle(places, record, decision) ?? record);
      const superseded = settled.filter(({ status }) => status === "superseded");
      return { kind: "superseded", records: structuredClone(superseded) };
    },
    async replace(requestId, edited) {
      const record = records.get(requestId);
      if (record === undefined) return null;
      const replacement = replacementOf(record, requestOf(requestId), edited);
      if (replacement === null) return { kind: "stands", record: structuredClone(record) };
      settleAs(places, record, replacement);
      records.finish(record.threadId, requestId);
      open(places, edited);
      await makeDue(edited.runId, edited.createdAt);
      return { kind: "replaced", record: structuredClone(records.get(edited.requestId) ?? edited) };
    },
    ...createRestatements(places),
  };
}

function createRestatements({ records, bus }: Places): Pick<ApprovalStore, "restate" | "contradicted"> {
  const restatement = (record: ApprovalRecord, at: number) =>
    restatementOf(record, bus.get(hitlRequestKey(record.requestId)), at);

  return {
    async restate(requestId, at) {
      const record = records.get(requestId);
      const found = record === undefined ? null : restatement(record, at);
      if (record === undefined || found === null) return null;
      const restated = { ...record, lateDecision: found.lateDecision };
      records.update(restated);
      if (found.request !== null) bus.replace(hitlRequestKey(requestId), found.request);
      return structuredClone(restated);
    },
    async contradicted(now) {
      const looked = [...records.watched].slice(0, WATCHED_AT_ONCE);
      for (const [requestId, settledAt] of looked) {
        if (settledAt < now - WATCH_MS) records.watched.delete(requestId);
      }
      return looked
        .map(([requestId]) => requestId)
        .filter((requestId) => {
          const record = records.get(requestId);
          return record !== undefined && restatement(record, now) !== null;
        });
    },
  };
}

/** A copy of what was opened; none when there was one of that id. */
function open({ records, bus }: Places, record: ApprovalRecord): ApprovalRecord[] {
  const { requestId, threadId } = record;
  if (records.has(requestId)) return [];
  const stored: ApprovalRecord = { ...structuredClone(record), status: "pending" };
  records.add(stored);
  const lifetimes = publishedLifetimes(stored);
  bus.set(hitlRequestKey(requestId), JSON.stringify(toHitlRequest(stored)), lifetimes.request / 1000);
  bus.set(hitlSessionKey(threadId), requestId, lifetimes.session / 1000);
  return [structuredClone(stored)];
}

/** Null when it may not be settled so. */
function settle(places: Places, record: ApprovalRecord, wanted: Decision): ApprovalRecord | null {
  const settling = settlingOf(record, places.bus.get(hitlRequestKey(record.requestId)), wanted);
  return settling === null ? null : settleAs(places, record, settling);
}

function settleAs({ records, bus }: Places, record: ApprovalRecord, settling: Settling): ApprovalRecord {
  const { requestId } = record;
  const settled = { ...record, ...settling.decision };
  records.settle(settled);
  if (settling.request !== null) bus.replace(hitlRequestKey(requestId), settling.request);
  if (settling.isOpenAtMain) records.watched.set(requestId, settling.decision.decidedAt);
  return settled;
}
