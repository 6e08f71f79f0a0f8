import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { createEmbeddedBackend } from "../../src/adapters/embedded/backend.ts";
import { createEmbeddedBus } from "../../src/adapters/embedded/bus.ts";
import type { ApprovalRecord } from "../../src/records/approval.ts";
import { startSweep } from "../../src/runs/sweep.ts";
import { anApproval, aRun } from "../contracts/harness.ts";

const NOW = 1_706_152_900_000;

/** A state that messages have told nobody of, one sweep over it, and what became of it. */
function stand() {
  const logger = pino({ level: "silent" });
  const bus = createEmbeddedBus();
  const backend = createEmbeddedBackend({ bus, logger });
  onTestFinished(() => backend.close());
  const enqueued: string[] = [];
  const enqueue = async ({ threadId }: { threadId: string }) => void enqueued.push(threadId);
  const deps = { ...backend, queue: { ...backend.queue, enqueue }, logger, now: () => NOW };
  return {
    bus,
    backend,
    enqueued,
    async sweep() {
      // It begins at once, and close() waits for it.
      await startSweep(deps, { everyMs: 600_000, patienceMs: 1_000 }).close();
    },
    async waiting(fields: Partial<ApprovalRecord> = {}) {
      const run = aRun();
      const { threadId, runId } = run;
      await backend.threads.begin(run);
      await backend.threads.transition(runId, ["queued"], "running", NOW);
      await backend.threads.transition(runId, ["running"], "waiting", NOW);
      const approval = anApproval({ threadId, runId, expiresAt: NOW + 1, ...fields });
      await backend.approvals.open([approval]);
      await backend.threads.notDue(runId);
      return approval;
    },
  };
}

test("a run that nobody holds is found, once", async () => {
  const { backend, sweep, enqueued } = stand();
  const run = aRun();
  await backend.threads.begin(run);
  await sweep();
  await sweep();
  expect(enqueued).toEqual([run.threadId]);
});

test("an approval that waits is left alone", async () => {
  const { backend, sweep, waiting, enqueued } = stand();
  const { requestId } = await waiting();
  await sweep();
  expect(await backend.approvals.get(requestId)).toMatchObject({ status: "pending" });
  expect(enqueued).toEqual([]);
});

test("a decision that stands in hitl:request is found, and who made it", async () => {
  const { bus, backend, sweep, waiting, enqueued } = stand();
  const { requestId, threadId, tenantId } = await waiting();
  const request = { requestId, tenantId, status: "approved", approvedBy: "boss" };
  bus.replace(`hitl:request:${requestId}`, JSON.stringify(request));
  await sweep();
  expect(await backend.approvals.get(requestId)).toMatchObject({ status: "approved", decidedBy: "boss" });
  expect(enqueued).toEqual([threadId]);
});

test("a decision that stands in hitl:signal alone is found", async () => {
  const { bus, backend, sweep, waiting, enqueued } = stand();
  const { requestId, threadId } = await waiting();
  const signal = { type: "rejection", requestId, status: "rejected", reason: "no", timestamp: 1 };
  bus.set(`hitl:signal:${threadId}`, JSON.stringify(signal), 300);
  await sweep();
  expect(await backend.approvals.get(requestId)).toMatchObject({ status: "rejected", reason: "no" });
  expect(enqueued).toEqual([threadId]);
});

test("an approval whose time is over expires, whatever another tenant's request says", async () => {
  const { bus, backend, sweep, waiting, enqueued } = stand();
  const [over, foreign] = [await waiting({ expiresAt: NOW }), await waiting({ expiresAt: NOW })];
  const request = { requestId: foreign.requestId, tenantId: "tenant2", status: "approved" };
  bus.replace(`hitl:request:${foreign.requestId}`, JSON.stringify(request));
  await sweep();
  const [first, second] = await Promise.all(
    [over, foreign].map(({ requestId }) => backend.approvals.get(requestId)),
  );
  expect(first?.status).toBe("expired");
  expect(second?.status).not.toBe("approved");
  expect(enqueued).toContain(over.threadId);
});
