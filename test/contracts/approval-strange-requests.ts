import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ApprovalStore } from "../../src/ports/approval-store.ts";
import type { ApprovalRecord, Decision } from "../../src/records/approval.ts";
import { anApproval, type Harness, type MakeHarness } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

/** What every ApprovalStore must withstand: hitl:request is a key that anybody on Redis can write. */
export function strangeRequestsContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} approval store, strange requests`, () => {
    let harness: Harness;
    let store: ApprovalStore;
    let other: ApprovalStore;
    withHarness(makeHarness, (made) => {
      harness = made;
      store = harness.backends[0].approvals;
      other = harness.backends[1].approvals;
    });

    const keyOf = ({ requestId }: ApprovalRecord) => `hitl:request:${requestId}`;
    const opened = async () => {
      const record = anApproval();
      await store.open([record]);
      return record;
    };

    it("survives whatever somebody writes there, and makes no approval of it", async () => {
      const property = fc.asyncProperty(anything(), fc.constantFrom(...DECISIONS), async (text, decision) => {
        const record = await opened();
        await harness.replaceKey(keyOf(record), text);
        const there = mainDecisionIn(text);
        const result = await store.settle(record.requestId, decision);
        const status = result?.record.status;
        if (decision.status === "expired") expect(status).toBe(there === null ? "expired" : "pending");
        else if (decision.status === "cancelled") expect(status).toBe("cancelled");
        else if (isObject(text) && !isOfTenant(text)) expect(status).toBe("pending");
        else expect(status).toBe(there ?? decision.status);
        const after = (await harness.getKey(keyOf(record))) ?? "";
        const isOurs = isObject(text) && isOfTenant(text);
        // Nothing that Main Service could still decide, or has decided otherwise.
        if (isOurs && result?.settled) {
          expect(JSON.parse(after).status).toBe(status === "approved" ? "approved" : "rejected");
        } else expect(after).toBe(text);
        expect(await other.restate(record.requestId, 1)).toBeNull();
        await harness.replaceKey(keyOf(record), text);
        await other.restate(record.requestId, 1);
        expect((await store.get(record.requestId))?.status).toBe(status);
      });
      await fc.assert(property, { numRuns: 400 });
    });

    it.each([
      ["nested a million deep", `{"status":"pending","context":${"[".repeat(1e6)}${"]".repeat(1e6)}}`],
      ["of 20 MB", JSON.stringify({ status: "pending", context: "x".repeat(20_000_000) })],
    ])("leaves what is %s as it is, and settles all the same", async (_, text) => {
      const record = await opened();
      await harness.replaceKey(keyOf(record), text);
      expect(await store.settle(record.requestId, { status: "cancelled", decidedAt: 1 })).toMatchObject({
        settled: true,
      });
      expect((await harness.getKey(keyOf(record))) === text).toBe(true);
      await store.link(record.requestId, "task-1");
      expect((await harness.getKey(keyOf(record))) === text).toBe(true);
      await harness.deleteKey(keyOf(record));
    });
  });
}

const DECISIONS: Decision[] = (["approved", "rejected", "cancelled", "expired"] as const).map((status) => ({
  status,
  decidedAt: 1_706_152_870_000,
}));

/** Any text or JSON, and much that is nearly a request. */
function anything(): fc.Arbitrary<string> {
  const field = fc.oneof(
    fc.constantFrom("pending", "approved", "rejected", "expired", "aura", "tenant1", "boss", null, 7),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const names = [
    "status",
    "tenantId",
    "settledBy",
    "outcome",
    "approvedBy",
    "rejectedAt",
    "reason",
    "__proto__",
  ];
  const request = fc
    .dictionary(fc.constantFrom(...names, "context", "toJSON"), field)
    .map((fields) => JSON.stringify(fields));
  const nearly = fc
    .record({
      status: fc.constantFrom("approved", "rejected", "pending"),
      settledBy: fc.constantFrom("aura", "AURA", null),
      outcome: fc.constantFrom("approved", "rejected", "expired", "unknown"),
      approvedBy: fc.constantFrom(undefined, null, "boss"),
      tenantId: fc.constantFrom(undefined, null, "tenant1", "tenant2", "tenant1"),
    })
    .map((fields) => JSON.stringify(fields));
  return fc.oneof(fc.string(), fc.json(), request, nearly);
}

function isObject(text: string): boolean {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function isOfTenant(text: string): boolean {
  const { tenantId } = JSON.parse(text);
  return tenantId === undefined || tenantId === null || tenantId === "tenant1";
}

/** The decision of Main Service in such a text, found in another way than the store does. */
function mainDecisionIn(text: string): "approved" | "rejected" | null {
  if (!isObject(text) || !isOfTenant(text)) return null;
  const request = JSON.parse(text);
  if (request.status !== "approved" && request.status !== "rejected") return null;
  const implied = request.outcome === "approved" ? "approved" : "rejected";
  const names = ["approvedBy", "approvedAt", "rejectedBy", "rejectedAt"];
  const isNamed = names.some((field) => request[field] !== undefined && request[field] !== null);
  const isOwn = request.settledBy === "aura" && implied === request.status && !isNamed;
  return isOwn ? null : request.status;
}
