import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ApprovalStore } from "../../src/ports/approval-store.ts";
import type { ApprovalRecord, Decision } from "../../src/records/approval.ts";
import { anApproval, awkwardContext, type Harness, type MakeHarness, range } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

const APPROVED: Decision = { status: "approved", decidedBy: "user123", decidedAt: 1_706_152_870_000 };

/** What every ApprovalStore must do when a person changes the arguments of what waits. */
export function replaceContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} approval store, replace`, () => {
    let harness: Harness;
    let store: ApprovalStore;
    let other: ApprovalStore;
    withHarness(makeHarness, (made) => {
      harness = made;
      store = harness.backends[0].approvals;
      other = harness.backends[1].approvals;
    });

    const published = async (requestId: string) =>
      JSON.parse((await store.publishedRequest(requestId)) ?? "null");
    const editOf = (record: ApprovalRecord, changes: Partial<ApprovalRecord> = {}): ApprovalRecord => ({
      ...record,
      ...{ requestId: randomUUID(), context: awkwardContext(), digest: "other", message: "Other?" },
      ...{ editOf: record.requestId, editedBy: "user123", edits: 1 },
      ...{ createdAt: record.createdAt + 5_000, expiresAt: record.expiresAt + 5_000 },
      ...changes,
    });
    const opened = async (changes: Partial<ApprovalRecord> = {}) => {
      const record = anApproval({ threadId: randomUUID(), runId: randomUUID(), ...changes });
      await store.open([record]);
      return record;
    };

    it("puts the edited one in its place, for us and for Main Service", async () => {
      const before = await opened();
      const edited = editOf(before);
      expect(await other.replace(before.requestId, edited)).toEqual({ kind: "replaced", record: edited });
      expect(await store.get(edited.requestId)).toEqual(edited);
      expect(await store.get(before.requestId)).toEqual({
        ...before,
        status: "superseded",
        editedAs: edited.requestId,
        decidedAt: edited.createdAt,
      });
      expect(await store.unfinished(before.threadId)).toEqual([edited]);
      expect(await store.pendingOf(before)).toEqual([edited]);
      const all = await store.pending(null, 1_000);
      expect(all.filter(({ threadId }) => threadId === before.threadId)).toEqual([
        { requestId: edited.requestId, threadId: before.threadId, expiresAt: edited.expiresAt },
      ]);
      const { requestId, threadId: sessionId, userId, tenantId, actionType, context, createdAt } = edited;
      expect(await published(edited.requestId)).toEqual({
        ...{ requestId, sessionId, userId, tenantId, actionType, context, createdAt },
        ...{ status: "pending", editOf: before.requestId },
      });
      expect(await harness.getKey(`hitl:session:${before.threadId}`)).toBe(edited.requestId);
      expect(await published(before.requestId)).toMatchObject({
        ...{ status: "rejected", settledBy: "aura", outcome: "superseded", editedAs: edited.requestId },
        reason: expect.stringContaining(edited.requestId),
      });
      expect(await harness.backends[0].threads.dueAt(before.runId)).toBe(edited.createdAt);
      expect(await harness.backends[0].archive.approvals(before.threadId)).toHaveLength(2);
    });

    it("is decided like any other afterwards, and superseded with the rest by a new message", async () => {
      const before = await opened();
      const edited = editOf(before);
      await store.replace(before.requestId, edited);
      const again = editOf(edited, { edits: 2 });
      await other.replace(edited.requestId, again);
      expect(await store.unfinished(before.threadId)).toEqual([again]);
      expect(await store.settle(again.requestId, APPROVED)).toMatchObject({ settled: true });
      expect(await store.unfinished(before.threadId)).toEqual([{ ...again, ...APPROVED }]);
      const next = await opened();
      const nextEdited = editOf(next);
      await store.replace(next.requestId, nextEdited);
      expect(await other.supersede(next.threadId, next.runId, 7)).toEqual({
        kind: "superseded",
        records: [{ ...nextEdited, status: "superseded", decidedAt: 7 }],
      });
    });

    it("changes nothing of what is settled, or what Main Service has decided, or what is another tenant's there", async () => {
      const settled = await opened();
      await store.settle(settled.requestId, APPROVED);
      const decided = await opened();
      const foreign = await opened();
      const rewrite = async ({ requestId }: ApprovalRecord, changes: object) => {
        const request = JSON.stringify({ ...(await published(requestId)), ...changes });
        await harness.replaceKey(`hitl:request:${requestId}`, request);
      };
      await rewrite(decided, { status: "approved", approvedBy: "user123", approvedAt: 1 });
      await rewrite(foreign, { tenantId: "another" });
      for (const record of [settled, decided, foreign]) {
        const before = [await store.get(record.requestId), await published(record.requestId)];
        const edited = editOf(record);
        expect(await store.replace(record.requestId, edited)).toEqual({ kind: "stands", record: before[0] });
        expect([await store.get(record.requestId), await published(record.requestId)]).toEqual(before);
        expect(await store.get(edited.requestId)).toBeNull();
      }
      expect(await store.replace(randomUUID(), editOf(settled))).toBeNull();
    });

    it("says it again when Main Service, which had read before, approves the one that was edited", async () => {
      const before = await opened();
      const first = await published(before.requestId);
      const edited = editOf(before);
      await store.replace(before.requestId, edited);
      const approval = { ...first, status: "approved", approvedBy: "boss", approvedAt: 9 };
      await harness.replaceKey(`hitl:request:${before.requestId}`, JSON.stringify(approval));
      expect(await store.contradicted(edited.createdAt + 1)).toContain(before.requestId);
      const restated = await other.restate(before.requestId, edited.createdAt + 1);
      expect(restated).toMatchObject({ status: "superseded", lateDecision: { decidedBy: "boss" } });
      expect(await published(before.requestId)).toMatchObject({
        ...{ status: "rejected", outcome: "superseded", editedAs: edited.requestId },
        reason: expect.stringContaining(edited.requestId),
      });
      expect((await store.get(edited.requestId))?.status).toBe("pending");
    });

    it("lets exactly one of an approval, an expiry, a new message and two edits have it", async () => {
      for (const round of range(50)) {
        const before = await opened();
        const { requestId, threadId, runId } = before;
        const edits = [editOf(before), editOf(before, { digest: "third" })];
        const expiry: Decision = { status: "expired", decidedAt: 1_706_154_660_000 };
        const at = round % 2 === 0 ? [store, other] : [other, store];
        const outcomes = await Promise.all([
          at[0]!.replace(requestId, edits[0]!),
          at[1]!.settle(requestId, round % 3 === 0 ? expiry : APPROVED),
          at[1]!.replace(requestId, edits[1]!),
          at[0]!.settle(requestId, { status: "rejected", decidedAt: 5 }),
          ...(round % 5 === 0 ? [at[1]!.supersede(threadId, runId, 6)] : []),
        ]);
        const record = await store.get(requestId);
        const won = outcomes.filter((each) => each !== null && "settled" in each && each.settled);
        const replaced = outcomes.filter(
          (each) => each !== null && "kind" in each && each.kind === "replaced",
        );
        const isSuperseded = record?.status === "superseded" && record.editedAs === undefined;
        expect(won.length + replaced.length + (isSuperseded ? 1 : 0)).toBe(1);
        const left = await store.unfinished(threadId);
        expect(left).toHaveLength(1);
        expect(left[0]?.requestId).toBe(record?.editedAs ?? requestId);
        const pending = await Promise.all(edits.map((each) => store.get(each.requestId)));
        expect(pending.filter((each) => each !== null)).toHaveLength(replaced.length);
      }
    });
  });
}
