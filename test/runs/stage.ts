import { MemorySaver } from "@langchain/langgraph";
import { pino } from "pino";
import { createMailbox } from "../../devstack/mailbox.ts";
import { createEmbeddedBackend } from "../../src/adapters/embedded/backend.ts";
import { createEmbeddedBus, type EmbeddedBus } from "../../src/adapters/embedded/bus.ts";
import { createAgent } from "../../src/agent.ts";
import { loadConfig } from "../../src/config.ts";
import type { Backend } from "../../src/ports/backend.ts";
import { advance } from "../../src/runs/advance.ts";
import { createCancellations } from "../../src/runs/cancel.ts";
import { createHolding } from "../../src/runs/holding.ts";
import { createPresence } from "../../src/runs/presence.ts";
import type { AuraTool } from "../../tools/tool.ts";
import { type StubStep, startOpenAiStub } from "../helpers/openai-stub.ts";

export interface StageOptions {
  script: StubStep[];
  saver?: MemorySaver;
  /** Tools besides the agent's own. */
  tools?: readonly AuraTool[];
  /** The backend as the worker sees it. */
  watched?: (backend: Backend, bus: EmbeddedBus) => Backend;
}

/** One worker with everything that it needs in this process; each `work` is one job for the thread. */
export async function startStage(options: StageOptions) {
  const { script, saver = new MemorySaver(), tools = [], watched = (backend: Backend) => backend } = options;
  const model = await startOpenAiStub(script);
  const mailbox = await createMailbox({ port: 0 });
  const logger = pino({ level: "silent" });
  const bus = createEmbeddedBus();
  const backend = watched(createEmbeddedBackend({ bus, logger }), bus);
  const holding = createHolding(backend.leases, 600_000, logger, Date.now);
  const presence = createPresence({ threads: backend.threads, leaseMs: 600_000, logger });
  const env = { AURA_BACKEND: "embedded", OPENAI_BASE_URL: model.url, OPENAI_API_KEY: "key" };
  const config = loadConfig({
    JWT_SECRET: "nobody-asks-this-stage-for-a-token",
    SMTP_URL: mailbox.url,
    ...env,
  });
  const agent = createAgent(config, {
    threads: { saver, forget: ({ thread_id }) => saver.deleteThread(thread_id) },
    ledger: backend.ledger,
    logger,
    source: { tools: () => tools, whyMissing: () => undefined },
    reach: {},
  });
  const { limits } = config;
  const deps = { ...backend, agent, logger, presence, now: Date.now, approvalTtlMs: 600_000, limits };
  const stop = { shutdown: new AbortController().signal, cancellations: createCancellations() };
  return {
    backend,
    model,
    mails: () => mailbox.mails().map(({ subject }) => subject),
    work: (threadId: string) => advance(deps, holding, stop, threadId),
    /** Approves what waits, up to so many. */
    async approve(threadId: string, most = 1) {
      const unfinished = await backend.approvals.unfinished(threadId);
      for (const { requestId } of unfinished.filter(({ status }) => status === "pending").slice(0, most))
        await backend.approvals.settle(requestId, { status: "approved", decidedAt: 1 });
    },
    async close() {
      holding.close();
      presence.close();
      await Promise.all([backend.close(), mailbox.close(), model.close()]);
    },
  };
}
