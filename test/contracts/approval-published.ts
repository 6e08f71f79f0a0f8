import { describe, expect, it } from "vitest";
import type { ApprovalStore } from "../../src/ports/approval-store.ts";
import type { ApprovalRecord, Decision } from "../../src/records/approval.ts";
import { anApproval, awkwardContext, type Harness, type MakeHarness, range } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

const APPROVED: Decision = { status: "approved", decidedAt: 1_706_152_870_000 };
const REJECTED: Decision = { status: "rejected", reason: "아니요", decidedAt: 1_706_152_880_000 };
const CANCELLED: Decision = { status: "cancelled", reason: "run cancelled", decidedAt: 1_706_152_890_000 };
const EXPIRED: Decision = { status: "expired", decidedAt: 1_706_154_660_000 };
const BY_BOSS = { status: "approved", approvedBy: "boss", approvedAt: 1_706_152_900_000 };

/** What every ApprovalStore must let Main Service say: what stands here, and nothing that did not happen. */
export function publishedApprovalsContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} approval store, what hitl:request says`, () => {
    let harness: Harness;
    let store: ApprovalStore;
    let other: ApprovalStore;
    withHarness(makeHarness, (made) => {
      harness = made;
      store = harness.backends[0].approvals;
      other = harness.backends[1].approvals;
    });

    const keyOf = ({ requestId }: ApprovalRecord) => `hitl:request:${requestId}`;
    const published = async (record: ApprovalRecord) =>
      JSON.parse((await harness.getKey(keyOf(record))) ?? "null");
    const opened = async (fields: Partial<ApprovalRecord> = {}) => {
      const record = anApproval(fields);
      await store.open([record]);
      return record;
    };
    /** What Main Service does, or somebody else on Redis. */
    const write = async (record: ApprovalRecord, fields: object) =>
      harness.replaceKey(keyOf(record), JSON.stringify({ ...(await published(record)), ...fields }));

    it.each([
      [APPROVED, { status: "approved" }],
      [REJECTED, { status: "rejected", reason: "아니요" }],
      [CANCELLED, { status: "rejected", reason: expect.stringMatching(/취소.*\(.*cancelled/) }],
      [EXPIRED, { status: "rejected", reason: expect.stringMatching(/기한.*\(.*expired/) }],
      [
        { status: "superseded", decidedAt: 5 } as const,
        { status: "rejected", reason: expect.stringMatching(/새 메시지.*\(.*newer/) },
      ],
    ])("says that it is $status, whose word that is, and names no approver", async (decision, said) => {
      const record = await opened({ context: awkwardContext() });
      await write(record, { taskId: "task-9" });
      const before = await published(record);
      expect(await other.settle(record.requestId, decision)).toEqual({
        settled: true,
        record: { ...record, ...decision },
      });
      const after = { ...before, ...said, settledBy: "aura", outcome: decision.status };
      expect(await published(record)).toEqual(after);
      await store.settle(record.requestId, CANCELLED);
      expect(await published(record)).toEqual(after);
    });

    it("creates no request that had expired", async () => {
      for (const decision of [APPROVED, REJECTED, CANCELLED, EXPIRED]) {
        const record = await opened();
        await harness.deleteKey(keyOf(record));
        expect(await store.settle(record.requestId, decision)).toMatchObject({ settled: true });
        expect(await other.restate(record.requestId, 1)).toBeNull();
        expect(await harness.getKey(keyOf(record))).toBeNull();
      }
    });

    it("records what Main Service decides before a bare signal is taken in, with who did it", async () => {
      const record = await opened();
      await write(record, { status: "rejected", rejectedBy: "boss", reason: "no" });
      const before = await harness.getKey(keyOf(record));
      expect(await store.settle(record.requestId, APPROVED)).toEqual({
        settled: true,
        record: {
          ...record,
          status: "rejected",
          decidedBy: "boss",
          reason: "no",
          decidedAt: APPROVED.decidedAt,
        },
      });
      expect(await harness.getKey(keyOf(record))).toBe(before);
      expect(await store.contradicted(APPROVED.decidedAt)).not.toContain(record.requestId);
    });

    it("cancels what Main Service has approved and nobody heard of, and says and keeps both", async () => {
      const record = await opened();
      await write(record, BY_BOSS);
      const lateDecision = { status: "approved", decidedBy: "boss", at: BY_BOSS.approvedAt };
      expect(await store.settle(record.requestId, CANCELLED)).toEqual({
        settled: true,
        record: { ...record, ...CANCELLED, lateDecision },
      });
      expect(await published(record)).toMatchObject({ status: "rejected", outcome: "cancelled" });
      expect(await published(record)).not.toHaveProperty("approvedBy");
      expect(await other.get(record.requestId)).toMatchObject({ lateDecision });
    });

    it.each([
      ["as it stood before we wrote", { settledBy: undefined, outcome: undefined, reason: undefined }],
      ["and keeps what it does not know", {}],
    ])("says what stands again when Main Service writes its decision %s", async (_, dropped) => {
      const record = await opened();
      await store.settle(record.requestId, EXPIRED);
      expect(await store.restate(record.requestId, 1)).toBeNull();
      await write(record, { ...dropped, ...BY_BOSS });
      expect(await other.contradicted(EXPIRED.decidedAt)).toContain(record.requestId);
      const results = await Promise.all(
        range(10).map((index) => (index % 2 === 0 ? store : other).restate(record.requestId, 1)),
      );
      const lateDecision = { status: "approved", decidedBy: "boss", at: BY_BOSS.approvedAt };
      expect(results.filter((result) => result !== null)).toEqual([{ ...record, ...EXPIRED, lateDecision }]);
      expect(await published(record)).toMatchObject({
        status: "rejected",
        settledBy: "aura",
        outcome: "expired",
      });
      expect(Object.keys(await published(record))).not.toContain("approvedAt");
      expect(await other.contradicted(EXPIRED.decidedAt)).not.toContain(record.requestId);

      // The first is what was told; a later one does not take its place.
      await write(record, { status: "approved", approvedBy: "another", approvedAt: 5 });
      expect(await store.restate(record.requestId, 1)).toMatchObject({ lateDecision });
      expect(await other.get(record.requestId)).toEqual({ ...record, ...EXPIRED, lateDecision });
    });

    it("says an approval by a signal alone again, and keeps the late rejection", async () => {
      const record = await opened();
      await store.settle(record.requestId, APPROVED);
      await write(record, { status: "rejected", rejectedBy: "boss" });
      expect(await other.restate(record.requestId, 77)).toMatchObject({
        status: "approved",
        lateDecision: { status: "rejected", decidedBy: "boss", at: 77 },
      });
      expect(await published(record)).toMatchObject({
        status: "approved",
        settledBy: "aura",
        outcome: "approved",
      });
    });

    it("has nothing to say of what is pending, agrees, is another tenant's or unknown", async () => {
      const [pending, agrees, foreign] = [await opened(), await opened(), await opened()];
      await write(pending, BY_BOSS);
      await store.settle(agrees.requestId, APPROVED);
      await write(agrees, BY_BOSS);
      await store.settle(foreign.requestId, EXPIRED);
      await write(foreign, { ...BY_BOSS, tenantId: "tenant2" });
      for (const record of [pending, agrees, foreign]) {
        const before = await harness.getKey(keyOf(record));
        expect(await store.restate(record.requestId, 1)).toBeNull();
        expect(await harness.getKey(keyOf(record))).toBe(before);
        expect(await store.get(record.requestId)).not.toHaveProperty("lateDecision");
      }
      expect(await store.restate("req-unknown", 1)).toBeNull();
    });

    it("watches for a minute, and looks once more after it", async () => {
      const record = await opened();
      const decidedAt = 2_000_000_000_000;
      await store.settle(record.requestId, { ...CANCELLED, decidedAt });
      await write(record, BY_BOSS);
      const isFound = async (at: number) => (await other.contradicted(at)).includes(record.requestId);
      expect([await isFound(decidedAt), await isFound(decidedAt + 60_000)]).toEqual([true, true]);
      expect([await isFound(decidedAt + 90_000), await isFound(decidedAt + 90_000)]).toEqual([true, false]);
    });

    it("never takes its own word for a decision of Main Service", async () => {
      for (const [outcome, status] of [
        ["approved", "approved"],
        ["superseded", "rejected"],
      ]) {
        const record = await opened();
        await write(record, { status, settledBy: "aura", outcome });
        expect(await store.settle(record.requestId, EXPIRED)).toMatchObject({ settled: true });
        expect(await published(record)).toMatchObject({ status: "rejected", outcome: "expired" });
      }
    });

    it.each([
      ["a status that its outcome does not imply", { status: "approved", outcome: "expired" }],
      ["who approved", { status: "approved", outcome: "approved", approvedBy: "boss" }],
      ["when it was rejected", { status: "rejected", outcome: "rejected", rejectedAt: 5 }],
    ])("takes what bears its mark and has %s for Main Service's", async (_, fields) => {
      const record = await opened();
      await write(record, { settledBy: "aura", ...fields });
      expect(await store.settle(record.requestId, EXPIRED)).toEqual({ settled: false, record });
    });
  });
}
