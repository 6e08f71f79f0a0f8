import { MemorySaver } from "@langchain/langgraph";
import type { Logger } from "pino";
import { createEmbeddedBackend } from "./adapters/embedded/backend.ts";
import { createEmbeddedBus, type EmbeddedBus } from "./adapters/embedded/bus.ts";
import { createRedisBackend } from "./adapters/redis/backend.ts";
import { type OpenSaver, openSaver, plain } from "./adapters/redis/saver.ts";
import { createAgent } from "./agent.ts";
import type { Config } from "./config.ts";
import { BackendUnavailableError } from "./errors.ts";
import type { Backend } from "./ports/backend.ts";
import type { Agent } from "./runs/agent-graph.ts";
import { cancelRun } from "./runs/cancel.ts";
import type { Owner, RunRecord } from "./runs/run.ts";
import { type Prompt, startRun } from "./runs/start.ts";
import { startWorker } from "./worker.ts";

export interface ComposeOptions {
  logger: Logger;
  /** Embedded mode: what the process shares with a Main Service inside it. */
  bus?: EmbeddedBus;
  /** How long close() waits for the runs that are executing, in ms. */
  drainMs?: number;
}

/** The service without its HTTP side. */
export interface Core {
  backend: Pick<Backend, "name" | "threads" | "eventLog" | "approvals">;
  /** Resolves when the service can take prompts; rejects with BackendUnavailableError when it cannot. */
  ready(): Promise<void>;
  start(prompt: Prompt): Promise<RunRecord>;
  cancel(owner: Owner, runId: string): Promise<RunRecord>;
  /** Hears no more signals, lets executing runs reach a stop (gives them up after drainMs), closes the backend. */
  close(): Promise<void>;
}

const DRAIN_MS = 10_000;

/**
 * Turns a configuration into running parts; the only place that knows every adapter. A Redis that does not answer
 * yet is no error: nothing runs until it does.
 *
 * @throws CheckpointerRefusedError when the configured saver cannot be used with this Redis
 */
export async function compose(config: Config, options: ComposeOptions): Promise<Core> {
  const { logger } = options;
  const now = Date.now;
  const { backend, saver } = openBackend(config, options);
  const agent = opener(
    async (): Promise<Agent> => createAgent(config, await saver(), backend.ledger, logger),
  );
  await agent().catch(async (error: unknown) => {
    if (error instanceof BackendUnavailableError) return logger.warn({ err: error }, "waiting for Redis");
    await backend.close();
    throw error;
  });
  const worker = config.role === "api" ? null : await startWorker(config, { backend, agent, logger, now });

  return {
    backend,
    async ready() {
      await backend.ping();
      await agent();
      if (worker?.isListening() === false) {
        throw new BackendUnavailableError(new Error("signals are not heard yet"));
      }
    },
    async start(prompt) {
      await agent();
      return startRun({ backend, now }, prompt);
    },
    cancel: (owner, runId) => cancelRun({ backend, logger, now }, owner, runId),
    async close() {
      await worker?.close(options.drainMs ?? DRAIN_MS);
      await saver().then(
        ({ close }) => close(),
        () => {},
      );
      await backend.close();
    },
  };
}

function openBackend(
  config: Config,
  { logger, bus }: ComposeOptions,
): { backend: Backend; saver: () => Promise<OpenSaver> } {
  const { threadTtlMs, concurrency, leaseMs } = config;
  const common = { logger, threadTtlMs, concurrency };
  if (config.backend === "embedded") {
    const saver = plain(new MemorySaver(), async () => {});
    return {
      backend: createEmbeddedBackend({ ...common, bus: bus ?? createEmbeddedBus() }),
      saver: async () => saver,
    };
  }
  const backend = createRedisBackend({ ...common, ...config.redis, leaseMs });
  const { connection, redis } = backend;
  const options = { ...config.checkpointer, threadTtlMs, address: config.redis, connection, redis, logger };
  return { backend, saver: opener(() => openSaver(options)) };
}

/** Opens once, for whoever asks first; an opening that failed is tried again by the next one who asks. */
function opener<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | null = null;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
}
