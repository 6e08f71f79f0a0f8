import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ApprovalStore } from "../../src/ports/approval-store.ts";
import type { Decision } from "../../src/records/approval.ts";
import { anApproval, awkwardContext, type Harness, type MakeHarness, range } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

const APPROVED: Decision = { status: "approved", decidedBy: "user123", decidedAt: 1_706_152_870_000 };
const REJECTED: Decision = { status: "rejected", reason: "no", decidedAt: 1_706_152_880_000 };
const EXPIRED: Decision = { status: "expired", decidedAt: 1_706_154_660_000 };

/** What every ApprovalStore must do when a new message comes on a thread that waits. */
export function supersedeContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} approval store, supersede`, () => {
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

    it("settles what is pending, tells late approvers, and may be repeated", async () => {
      const threadId = randomUUID();
      const records = range(3).map((index) =>
        anApproval({ threadId, createdAt: 100 - index, context: awkwardContext() }),
      );
      await store.open(records);
      await store.settle(records[0]!.requestId, { status: "cancelled", decidedAt: 101 });
      const superseded = [records[2]!, records[1]!].map((record) => ({
        ...record,
        status: "superseded",
        decidedAt: 102,
      }));
      expect(await other.supersede(threadId, "run-1", 102)).toEqual({
        kind: "superseded",
        records: superseded,
      });
      expect(await store.supersede(threadId, "run-1", 103)).toEqual({
        kind: "superseded",
        records: superseded,
      });
      for (const record of superseded) {
        expect(await store.get(record.requestId)).toEqual(record);
        expect(await published(record.requestId)).toMatchObject({
          status: "rejected",
          settledBy: "aura",
          outcome: "superseded",
          context: record.context,
        });
      }
      expect((await store.get(records[0]!.requestId))?.status).toBe("cancelled");
      await store.finish(
        threadId,
        records.map(({ requestId }) => requestId),
      );
      expect(await store.supersede(threadId, "run-1", 104)).toEqual({ kind: "superseded", records: [] });
    });

    it.each([APPROVED, REJECTED, EXPIRED])(
      "changes nothing while one is $status and not carried out",
      async (decision) => {
        const threadId = randomUUID();
        const [a, b] = [anApproval({ threadId }), anApproval({ threadId })];
        await store.open([a, b]);
        await store.settle(b.requestId, decision);
        expect(await other.supersede(threadId, "run-1", 102)).toEqual({
          kind: "decided",
          record: { ...b, ...decision },
        });
        expect(await store.get(a.requestId)).toEqual(a);
        expect(await published(a.requestId)).toMatchObject({ status: "pending" });
        await store.finish(threadId, [b.requestId]);
        expect(await other.supersede(threadId, "run-1", 103)).toMatchObject({
          kind: "superseded",
          records: [{ requestId: a.requestId }],
        });
      },
    );

    it.each(["approved", "rejected"])(
      "changes nothing while Main Service has one %s, heard of or not",
      async (status) => {
        const threadId = randomUUID();
        const [a, b] = [anApproval({ threadId }), anApproval({ threadId })];
        await store.open([a, b]);
        const request = { ...(await published(b.requestId)), status };
        const key = `hitl:request:${b.requestId}`;
        await harness.replaceKey(key, JSON.stringify(request));
        expect(await other.supersede(threadId, "run-1", 102)).toEqual({ kind: "decided", record: b });
        expect(await store.unfinished(threadId)).toEqual([a, b]);
        await harness.replaceKey(key, JSON.stringify({ ...request, tenantId: "tenant2" }));
        expect(await other.supersede(threadId, "run-1", 103)).toMatchObject({ kind: "superseded" });
      },
    );

    it("has nothing to do on an unknown thread", async () => {
      expect(await store.supersede(randomUUID(), "run-1", 1)).toEqual({ kind: "superseded", records: [] });
    });

    it("races with a decision: either all are superseded or the decision stands", async () => {
      for (const round of range(30)) {
        const threadId = randomUUID();
        const records = range(3).map(() => anApproval({ threadId }));
        await store.open(records);
        const [settled, superseded] = await Promise.all([
          store.settle(records[1]!.requestId, round % 2 === 0 ? APPROVED : EXPIRED),
          other.supersede(threadId, "run-1", 102),
        ]);
        const statuses = (await store.unfinished(threadId)).map(({ status }) => status);
        if (superseded.kind === "superseded") {
          expect(settled?.settled).toBe(false);
          expect(statuses).toEqual(["superseded", "superseded", "superseded"]);
        } else {
          expect(settled?.settled).toBe(true);
          expect(statuses).toEqual(["pending", settled?.record.status, "pending"]);
        }
      }
    });

    it("races with an opening: what it reports is what it superseded", async () => {
      for (const _ of range(30)) {
        const threadId = randomUUID();
        const [a, b] = [anApproval({ threadId }), anApproval({ threadId })];
        await store.open([a]);
        const [, result] = await Promise.all([store.open([b]), other.supersede(threadId, "run-1", 102)]);
        const superseded = (await store.unfinished(threadId)).filter(({ status }) => status === "superseded");
        expect(result).toEqual({ kind: "superseded", records: superseded });
      }
    });
  });
}
