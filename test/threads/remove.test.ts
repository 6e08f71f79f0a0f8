import { pino } from "pino";
import { expect, test } from "vitest";
import { createEmbeddedBackend } from "../../src/adapters/embedded/backend.ts";
import { createEmbeddedBus } from "../../src/adapters/embedded/bus.ts";
import { removeThread } from "../../src/threads/remove.ts";
import { aRun, bringTo } from "../contracts/harness.ts";

const logger = pino({ level: "silent" });

test("a run that begins and comes to wait while its thread is being deleted is deleted with it, not left waiting", async () => {
  const backend = createEmbeddedBackend({
    bus: createEmbeddedBus(),
    logger,
    now: Date.now,
  });
  const [first, second] = [aRun(), aRun()];
  const { threadId } = first;
  await backend.threads.begin(first);
  await bringTo(backend.threads, first.runId, "completed", first.createdAt + 1);
  const acquire: typeof backend.leases.acquire = async (...lease) => {
    // Between the look at the thread and its lease.
    await backend.threads.begin({ ...second, threadId, tenantId: first.tenantId, userId: first.userId });
    await backend.threads.transition(second.runId, ["queued"], "running", second.createdAt + 1);
    await backend.threads.transition(second.runId, ["running"], "waiting", second.createdAt + 2);
    return backend.leases.acquire(...lease);
  };
  const purged: string[] = [];
  const deps = {
    ...backend,
    leases: { ...backend.leases, acquire },
    now: Date.now,
    leaseMs: 20_000,
  };
  await removeThread(deps, first, threadId, async ({ currentRunId }) => void purged.push(currentRunId));
  expect(purged).toEqual([second.runId]);
  await backend.close();
});
