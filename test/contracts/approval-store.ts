import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ApprovalStore } from "../../src/ports/approval-store.ts";
import type { Decision } from "../../src/records/approval.ts";
import { anApproval, awkwardContext, type Harness, hostileIds, type MakeHarness, range } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

const APPROVED: Decision = { status: "approved", decidedBy: "user123", decidedAt: 1_706_152_870_000 };
const REJECTED: Decision = { status: "rejected", reason: "아니요 {} []", decidedAt: 1_706_152_880_000 };
const EXPIRED: Decision = { status: "expired", decidedAt: 1_706_154_660_000 };

/** What every ApprovalStore must do. */
export function approvalStoreContract(name: string, makeHarness: MakeHarness): void {
  let harness: Harness;
  let store: ApprovalStore;
  let other: ApprovalStore;
  const published = async (requestId: string) =>
    JSON.parse((await store.publishedRequest(requestId)) ?? "null");

  describe(`${name} approval store`, () => {
    withHarness(makeHarness, (made) => {
      harness = made;
      store = harness.backends[0].approvals;
      other = harness.backends[1].approvals;
    });

    describe("open", () => {
      it("publishes the request as Main Service reads it", async () => {
        const record = anApproval({ context: awkwardContext() });
        expect(await store.open([record])).toEqual([record]);
        expect(await other.get(record.requestId)).toEqual(record);
        const text = await harness.getKey(`hitl:request:${record.requestId}`);
        expect(text).toBe(await store.publishedRequest(record.requestId));
        expect(JSON.parse(text ?? "")).toEqual({
          requestId: record.requestId,
          sessionId: record.threadId,
          userId: record.userId,
          tenantId: record.tenantId,
          actionType: record.actionType,
          context: record.context,
          status: "pending",
          createdAt: record.createdAt,
        });
        expect(await harness.getKey(`hitl:session:${record.threadId}`)).toBe(record.requestId);
      });

      it("names the last one in the session key and leaves those that exist as they are", async () => {
        const threadId = randomUUID();
        const [a, b, c] = [anApproval({ threadId }), anApproval({ threadId }), anApproval({ threadId })];
        expect(await store.open([])).toEqual([]);
        expect(await store.open([a, b])).toEqual([a, b]);
        expect(await harness.getKey(`hitl:session:${threadId}`)).toBe(b.requestId);
        await store.settle(a.requestId, APPROVED);
        const request = JSON.stringify({ ...(await published(a.requestId)), status: "approved" });
        await harness.replaceKey(`hitl:request:${a.requestId}`, request);
        expect(await other.open([c, { ...a, message: "other" }, c])).toEqual([c]);
        expect(await store.get(a.requestId)).toEqual({ ...a, ...APPROVED });
        expect(await store.publishedRequest(a.requestId)).toBe(request);
        expect(await harness.getKey(`hitl:session:${threadId}`)).toBe(c.requestId);
        expect(await other.open([a, b])).toEqual([]);
        expect(await harness.getKey(`hitl:session:${threadId}`)).toBe(c.requestId);
      });

      it("opens each record once, however many try", async () => {
        const records = range(5).map(() => anApproval());
        const opened = await Promise.all(
          range(20).map((index) => (index % 2 === 0 ? store : other).open(records)),
        );
        expect(opened.flat()).toHaveLength(5);
        expect(await store.unfinished(records[0]!.threadId)).toEqual([records[0]]);
      });

      it("hands out copies", async () => {
        const record = anApproval();
        const expected = structuredClone(record);
        const [opened] = await store.open([record]);
        record.context.changed = true;
        expect(await store.get(record.requestId)).toEqual(expected);
        (await store.get(record.requestId))!.context.changed = true;
        opened!.context.changed = true;
        expect(await store.unfinished(record.threadId)).toEqual([expected]);
      });

      it("keeps approvals apart whatever their ids are", async () => {
        const ids = hostileIds();
        const records = ids.map((id) => anApproval({ requestId: id, threadId: id, message: id }));
        expect(await store.open(records)).toEqual(records);
        await store.settle(ids[0]!, EXPIRED);
        await store.finish(ids[1]!, ids);
        for (const [index, record] of records.entries()) {
          const expected = index === 0 ? { ...record, ...EXPIRED } : record;
          expect(await other.get(record.requestId)).toEqual(expected);
          expect(await other.unfinished(record.threadId)).toEqual(index === 1 ? [] : [expected]);
          expect(await published(record.requestId)).toMatchObject({
            sessionId: record.threadId,
            status: index === 0 ? "rejected" : "pending",
          });
        }
      });
    });

    describe("unfinished", () => {
      it("lists by creation, then by opening, until finished", async () => {
        const threadId = randomUUID();
        const at = (createdAt: number) => anApproval({ threadId, createdAt });
        const [late, tie1, tie2, tie3, early] = [at(30), at(20), at(20), at(20), at(10)];
        await store.open([late, tie1]);
        await other.open([tie2]);
        await store.open([tie3, early]);
        const sorted = [early, tie1, tie2, tie3, late];
        expect(await other.unfinished(threadId)).toEqual(sorted);

        await store.settle(tie1.requestId, APPROVED);
        const settled = sorted.map((record) => (record === tie1 ? { ...record, ...APPROVED } : record));
        expect(await other.unfinished(threadId)).toEqual(settled);

        await store.finish(threadId, []);
        await store.finish(threadId, [tie1.requestId, early.requestId, "unknown"]);
        await other.finish(threadId, [tie1.requestId]);
        expect(await store.unfinished(threadId)).toEqual([tie2, tie3, late]);
        expect(await store.get(tie1.requestId)).toEqual({ ...tie1, ...APPROVED });
        await store.finish(randomUUID(), [tie2.requestId]);
        expect(await store.unfinished(threadId)).toEqual([tie2, tie3, late]);
        expect(await store.unfinished(randomUUID())).toEqual([]);
      });
    });

    describe("settle", () => {
      it("knows no unknown request", async () => {
        expect(await store.settle(randomUUID(), APPROVED)).toBeNull();
        expect(await store.settle(randomUUID(), EXPIRED)).toBeNull();
        expect(await store.get(randomUUID())).toBeNull();
        expect(await store.publishedRequest(randomUUID())).toBeNull();
      });

      it.each([
        ["there", false],
        // Nothing but the record then keeps a second decision out.
        ["gone", true],
      ])(
        "lets exactly one of 20 through and tells the others what stands: hitl:request is %s",
        async (_, isGone) => {
          for (const decisions of [
            [APPROVED],
            [APPROVED, REJECTED],
            [EXPIRED, APPROVED, REJECTED],
            [EXPIRED],
          ]) {
            const record = anApproval({ context: awkwardContext() });
            await store.open([record]);
            if (isGone) await harness.deleteKey(`hitl:request:${record.requestId}`);
            const results = await Promise.all(
              range(20).map((index) =>
                (index % 2 === 0 ? store : other).settle(
                  record.requestId,
                  decisions[index % decisions.length]!,
                ),
              ),
            );
            expect(results.filter((result) => result?.settled)).toHaveLength(1);
            const standing = await store.get(record.requestId);
            expect(decisions.map((decision) => ({ ...record, ...decision }))).toContainEqual(standing);
            for (const result of results) expect(result?.record).toEqual(standing);
          }
        },
      );

      it.each(["approved", "rejected"])(
        "does not expire what Main Service has %s, whoever hears of it first",
        async (status) => {
          const record = anApproval();
          await store.open([record]);
          const text = JSON.stringify({ ...(await published(record.requestId)), status });
          await harness.replaceKey(`hitl:request:${record.requestId}`, text);
          expect(await store.settle(record.requestId, EXPIRED)).toEqual({ settled: false, record });
          expect(await store.pendingOf(record)).toContainEqual(record);
          // Whatever a signal says: what Main Service has told its user is what is recorded.
          expect(await store.settle(record.requestId, APPROVED)).toMatchObject({
            settled: true,
            record: { status },
          });
          expect(await store.publishedRequest(record.requestId)).toBe(text);
        },
      );

      it.each([APPROVED, REJECTED])(
        "is not $status while hitl:request names another tenant, even since a moment ago",
        async (decision) => {
          const record = anApproval();
          await store.open([record]);
          const text = JSON.stringify({ ...(await published(record.requestId)), tenantId: "tenant2" });
          await harness.replaceKey(`hitl:request:${record.requestId}`, text);
          expect(await store.settle(record.requestId, decision)).toEqual({ settled: false, record });
          expect(await store.publishedRequest(record.requestId)).toBe(text);
        },
      );

      it.each([
        ["a decision of another tenant", '{"status":"approved","tenantId":"tenant2"}'],
        ["no JSON", "{"],
        ["another type", '["pending"]'],
        ["nothing", ""],
      ])("does not touch hitl:request when it holds %s", async (_, text) => {
        const record = anApproval();
        await store.open([record]);
        await harness.replaceKey(`hitl:request:${record.requestId}`, text);
        expect(await store.settle(record.requestId, EXPIRED)).toMatchObject({ settled: true });
        expect(await store.publishedRequest(record.requestId)).toBe(text);
      });
    });
  });
}
