import type { ApprovalStatus, Settlement } from "@aura-platform/contract/approvals.ts";
import { describe, expect, it } from "vitest";
import type { ApprovalStore } from "../../src/ports/approval-store.ts";
import { maySettle } from "../../src/records/approval.ts";
import { anApproval, type Harness, type MakeHarness } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

const STATUSES: readonly ApprovalStatus[] = [
  "pending",
  "approved",
  "rejected",
  "expired",
  "superseded",
  "cancelled",
];
const PAIRS = STATUSES.flatMap((from) => STATUSES.map((to) => [from, to] as const));

/** Every ApprovalStore settles approvals as the table of statuses says, and in no other way. */
export function approvalTransitionsContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} approval store, asked to settle an approval`, () => {
    let harness: Harness;
    let store: ApprovalStore;
    withHarness(makeHarness, (made) => {
      harness = made;
      store = harness.backends[0].approvals;
    });

    const approvalThatIs = async (status: ApprovalStatus) => {
      const record = anApproval();
      await store.open([record]);
      if (status !== "pending")
        await store.settle(record.requestId, { status, decidedAt: record.createdAt + 1 });
      await harness.backends[0].threads.notDue(record.runId);
      return record;
    };

    it.each(PAIRS)(
      "that is %s as %s, does it if the table allows it, and changes nothing if not",
      async (from, to) => {
        const { requestId, runId, threadId, createdAt } = await approvalThatIs(from);
        const [record, request] = [await store.get(requestId), await store.publishedRequest(requestId)];
        expect(record).toMatchObject({ status: from });
        // `pending` is no settlement: as no program could be written that the compiler has seen.
        const decision = { status: to as Settlement, decidedAt: createdAt + 2 };
        const settled = maySettle(from, to);
        const stands = settled ? { ...record, ...decision } : record;
        expect(await store.settle(requestId, decision)).toEqual({ settled, record: stands });
        expect(await store.get(requestId)).toEqual(stands);
        expect(await store.unfinished(threadId)).toEqual([stands]);
        expect(await harness.backends[0].threads.dueAt(runId)).toBe(settled ? createdAt + 2 : null);
        if (!settled) expect(await store.publishedRequest(requestId)).toBe(request);
      },
    );
  });
}
