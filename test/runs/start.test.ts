import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { createEmbeddedBackend } from "../../src/adapters/embedded/backend.ts";
import { createEmbeddedBus } from "../../src/adapters/embedded/bus.ts";
import { startRun } from "../../src/runs/start.ts";
import { anApproval, aRun } from "../contracts/harness.ts";

test.each(["approved", "rejected", "expired"] as const)(
  "a new message waits for a decision that has been made and not been carried out: %s",
  async (status) => {
    const backend = createEmbeddedBackend({ bus: createEmbeddedBus(), logger: pino({ level: "silent" }) });
    onTestFinished(() => backend.close());
    const { tenantId, userId, ...run } = aRun();
    const { threadId, runId } = run;
    await backend.threads.begin({ ...run, tenantId, userId });
    await backend.threads.transition(runId, ["queued"], "running", 1);
    await backend.threads.transition(runId, ["running"], "waiting", 2);
    const [decided, pending] = [anApproval({ threadId, runId }), anApproval({ threadId, runId })];
    await backend.approvals.open([decided, pending]);
    await backend.approvals.settle(decided.requestId, { status, decidedAt: 3 });
    const queuedCaps = { user: 10, tenant: 10 };
    const starting = startRun(
      { ...backend, now: () => 4, queuedCaps },
      { owner: { tenantId, userId }, threadId, prompt: "hi", context: {}, language: "en", traceId: "t" },
    );
    await expect(starting).rejects.toMatchObject({ code: "E3001", data: { runId } });
    expect(await backend.threads.run(runId)).toMatchObject({ status: "waiting" });
    expect(await backend.approvals.get(pending.requestId)).toMatchObject({ status: "pending" });
  },
);
