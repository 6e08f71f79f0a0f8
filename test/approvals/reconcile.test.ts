import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { createEmbeddedBackend } from "../../src/adapters/embedded/backend.ts";
import { createEmbeddedBus } from "../../src/adapters/embedded/bus.ts";
import { hitlRequestKey } from "../../src/adapters/hitl-keys.ts";
import { decideBySignal } from "../../src/approvals/decide.ts";
import { reconcileApprovals } from "../../src/approvals/reconcile.ts";
import { recordingLogger } from "../adapters/redis/recording-logger.ts";
import { anApproval } from "../contracts/harness.ts";

/** A waiting approval, and its `hitl:request`: as it is, or as if another tenant had approved it. */
async function waiting() {
  const bus = createEmbeddedBus();
  const backend = createEmbeddedBackend({ bus, logger: recordingLogger() });
  onTestFinished(() => backend.close());
  const record = anApproval();
  const { requestId } = record;
  await backend.approvals.open([record]);
  const key = hitlRequestKey(requestId);
  const own = bus.get(key);
  if (own === null) throw new Error("the approval has no hitl:request");
  const foreign = JSON.stringify({ ...JSON.parse(own), tenantId: "another", status: "approved" });
  const say = (request: string) => bus.set(key, request, 60);
  const status = async () => (await backend.approvals.get(requestId))?.status;
  return { backend, record, own, foreign, say, status };
}

test.each([
  ["waits", -1, "pending"],
  ["expires", 1, "expired"],
])(
  "what another tenant's request said when it was looked at decides nothing a moment later: it %s",
  async (_, late, standing) => {
    const { backend, record, own, foreign, say, status } = await waiting();
    say(foreign);
    const { approvals } = backend;
    const racing = {
      ...approvals,
      async published(...page: Parameters<typeof approvals.published>) {
        const read = await approvals.published(...page);
        say(own);
        return read;
      },
    };
    const logger = pino({ level: "silent" });
    await reconcileApprovals({ ...backend, approvals: racing, logger, now: () => record.expiresAt + late });
    expect(await status()).toBe(standing);
  },
);

test("what Main Service has stored is found without a signal", async () => {
  const { backend, record, own, say, status } = await waiting();
  say(JSON.stringify({ ...JSON.parse(own), status: "rejected", reason: "no" }));
  await reconcileApprovals({ ...backend, logger: pino({ level: "silent" }), now: () => record.createdAt });
  expect(await status()).toBe("rejected");
});

test("a signal beside another tenant's request decides nothing, though the request is ours again a moment later", async () => {
  const { backend, record, own, foreign, say, status } = await waiting();
  say(foreign);
  const { approvals } = backend;
  const racing = {
    ...approvals,
    async publishedRequest(requestId: string) {
      const read = await approvals.publishedRequest(requestId);
      say(own);
      return read;
    },
  };
  const payload = JSON.stringify({ type: "approval", requestId: record.requestId, status: "approved" });
  await decideBySignal(
    { ...backend, approvals: racing, logger: pino({ level: "silent" }), now: () => record.createdAt },
    { sessionId: record.threadId, payload },
  );
  expect(await status()).toBe("pending");
});
