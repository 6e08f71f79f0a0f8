import { expect, test } from "vitest";
import { createEmbeddedBackend } from "../../src/adapters/embedded/backend.ts";
import { createEmbeddedBus } from "../../src/adapters/embedded/bus.ts";
import { voidApprovals } from "../../src/approvals/void.ts";
import type { ApprovalRecord, Decision } from "../../src/records/approval.ts";
import type { RunRecord } from "../../src/records/run.ts";
import { anApproval } from "../contracts/harness.ts";

test("an approval that is edited between the look and the settling takes the edited one with it", async () => {
  const logger = { info() {}, warn() {}, error() {}, debug() {} };
  const { approvals, close } = createEmbeddedBackend({ bus: createEmbeddedBus(), logger });
  const record = anApproval();
  await approvals.open([record]);
  const editOf = (before: ApprovalRecord, requestId: string): ApprovalRecord => ({
    ...before,
    ...{ requestId, editOf: before.requestId, digest: requestId, createdAt: before.createdAt + 1 },
  });
  const [second, third] = [editOf(record, "req-2"), editOf({ ...record, requestId: "req-2" }, "req-3")];
  const racing = {
    ...approvals,
    async settle(requestId: string, decision: Decision) {
      if (requestId === record.requestId) {
        await approvals.replace(record.requestId, second);
        await approvals.replace(second.requestId, third);
      }
      return approvals.settle(requestId, decision);
    },
  };
  const run = { runId: record.runId, threadId: record.threadId } as RunRecord;
  await voidApprovals(racing, run, "run cancelled", 7);
  const statuses = await Promise.all(
    [record, second, third].map(async ({ requestId }) => (await approvals.get(requestId))?.status),
  );
  expect(statuses).toEqual(["superseded", "superseded", "cancelled"]);
  await close();
});
