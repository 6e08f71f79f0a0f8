import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ApprovalStore, PendingApproval } from "../../src/ports/approval-store.ts";
import type { ApprovalRecord, Decision } from "../../src/records/approval.ts";
import { anApproval, aRun, dueRun, type Harness, hostileIds, type MakeHarness, range } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

const APPROVED: Decision = { status: "approved", decidedAt: 1_706_152_870_000 };

const brief = ({ requestId, threadId, expiresAt }: ApprovalRecord): PendingApproval => ({
  requestId,
  threadId,
  expiresAt,
});

/** What every ApprovalStore must do so that no decision is overlooked. */
export function pendingApprovalsContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} approval store, pending approvals`, () => {
    let harness: Harness;
    let store: ApprovalStore;
    let other: ApprovalStore;
    withHarness(makeHarness, (made) => {
      harness = made;
      store = harness.backends[0].approvals;
      other = harness.backends[1].approvals;
    });

    /** All of it, `limit` at a time. */
    const all = async (limit: number): Promise<PendingApproval[]> => {
      const found: PendingApproval[] = [];
      for (;;) {
        const page = await store.pending(found.at(-1) ?? null, limit);
        found.push(...page);
        if (page.length < limit) return found;
      }
    };
    /** Opens approvals that expire at these times and returns them in order of (expiresAt, requestId). */
    const openAt = async (...times: number[]): Promise<PendingApproval[]> => {
      const records = times.map((expiresAt) => anApproval({ expiresAt }));
      await store.open(records);
      return records
        .map(brief)
        .sort((a, b) => a.expiresAt - b.expiresAt || (a.requestId < b.requestId ? -1 : 1));
    };
    const clear = async () => {
      for (const { requestId } of await all(1_000)) await store.settle(requestId, APPROVED);
    };

    it("lists them by when they expire, page by page", async () => {
      await clear();
      const start = 1_706_152_870_000;
      const sorted = await openAt(start + 2, start, start + 10, start + 2, start + 2, start + 9, start + 1);
      for (const limit of [1, 2, 3, 6, 7, 8]) expect(await all(limit)).toEqual(sorted);
      expect(await other.pending(sorted[6]!, 5)).toEqual([]);
      expect(await other.pending(null, 0)).toEqual([]);
    });

    it("goes on after one that has been settled meanwhile", async () => {
      await clear();
      const start = 1_706_152_870_000;
      const sorted = await openAt(start, start, start, start + 1);
      const [, second] = await store.pending(null, 2);
      for (const { requestId } of sorted.slice(0, 2)) await other.settle(requestId, APPROVED);
      expect(await store.pending(second!, 10)).toEqual(sorted.slice(2));
    });

    it("forgets each when it is settled, however that happens", async () => {
      await clear();
      const threadId = randomUUID();
      const records = range(3).map(() => anApproval({ threadId }));
      const rest = ["approved", "rejected", "expired", "cancelled"] as const;
      const single = rest.map(() => anApproval());
      await store.open([...records, ...single]);
      for (const [index, status] of rest.entries()) {
        expect(await store.pending(null, 100)).toHaveLength(7 - index);
        await store.settle(single[index]!.requestId, { status, decidedAt: 1 });
        await store.settle(single[index]!.requestId, APPROVED);
      }
      expect((await store.pending(null, 100)).map((each) => each.threadId)).toEqual(
        range(3).map(() => threadId),
      );
      await other.supersede(threadId, "run-1", 2);
      expect(await store.pending(null, 100)).toEqual([]);
      expect(await store.pendingOf(records[0]!)).toEqual([]);
      await store.open(records);
      expect(await store.pending(null, 100)).toEqual([]);
    });

    it("copes with whatever ids there are", async () => {
      await clear();
      const ids = hostileIds();
      const records = ids.map((id) => anApproval({ requestId: id, threadId: id }));
      await store.open(records);
      const listed = await all(7);
      expect(listed).toHaveLength(records.length);
      expect(new Set(listed.map(({ requestId }) => requestId))).toEqual(new Set(ids));
      expect(listed.every(({ requestId, threadId }) => requestId === threadId)).toBe(true);
    });

    it("lists an owner's own, oldest first", async () => {
      const owner = { tenantId: randomUUID(), userId: "u" };
      const of = (fields: Partial<ApprovalRecord>) => anApproval({ ...owner, ...fields });
      const [late, early, gone] = [of({ createdAt: 30 }), of({ createdAt: 10 }), of({ createdAt: 20 })];
      // The same two texts joined are the same; the owners are not.
      const foreign = anApproval({ tenantId: `${owner.tenantId}u`, userId: "" });
      await store.open([late, early, foreign]);
      await other.open([gone]);
      expect(await store.pendingOf(owner)).toEqual([early, gone, late]);
      await store.settle(gone.requestId, APPROVED);
      expect(await other.pendingOf(owner)).toEqual([early, late]);
      expect(await store.pendingOf(foreign)).toEqual([foreign]);
      expect(await store.pendingOf({ ...owner, userId: "U" })).toEqual([]);
    });

    it("hands out what Main Service has left about each, in order", async () => {
      const threadId = randomUUID();
      const records = range(600).map((index) => anApproval(index < 2 ? { threadId } : {}));
      await store.open(records);
      const signal = '{"type":"approval"}';
      await harness.replaceKey(`hitl:signal:${threadId}`, signal);
      await harness.replaceKey(`hitl:request:${records[599]!.requestId}`, "not JSON");
      const unknown = brief(anApproval());
      const published = await other.published([...records.map(brief), unknown]);
      expect(published).toHaveLength(601);
      for (const [index, record] of records.slice(0, 599).entries()) {
        expect(JSON.parse(published[index]?.request ?? "")).toMatchObject({ requestId: record.requestId });
        expect(published[index]?.signal).toBe(index < 2 ? signal : null);
      }
      expect(published.slice(599)).toEqual([
        { request: "not JSON", signal: null },
        { request: null, signal: null },
      ]);
      expect(await store.published([])).toEqual([]);
    });

    it.each(["approved", "expired", "cancelled"] as const)(
      "makes the run due when it is %s",
      async (status) => {
        const { threads } = harness.backends[0];
        const run = aRun();
        await threads.begin(run);
        await threads.notDue(run.runId);
        const record = anApproval({ threadId: run.threadId, runId: run.runId });
        await store.open([record]);
        const dueAt = async (now: number) =>
          (await threads.takeDue(now, now + 1, 10_000)).filter(({ runId }) => runId === run.runId);
        expect(await dueAt(5_000)).toEqual([]);
        await store.settle(record.requestId, { status, decidedAt: 5_000 });
        expect(await dueAt(4_999)).toEqual([]);
        expect(await dueAt(5_000)).toEqual([dueRun(run)]);
        await threads.notDue(run.runId);
        await store.settle(record.requestId, { status, decidedAt: 5_000 });
        expect(await dueAt(9_000)).toEqual([]);
      },
    );
  });
}
