import { InMemorySerializer } from "@aura-platform/checkpoint-redis/serializer/serializer.ts";
import { MemorySaver } from "@langchain/langgraph";
import type { Logger } from "pino";
import { createEmbeddedBackend } from "./adapters/embedded/backend.ts";
import { createEmbeddedBus, type EmbeddedBus } from "./adapters/embedded/bus.ts";
import { createRedisBackend } from "./adapters/redis/backend.ts";
import { type OpenSaver, openSaver, withoutLeases } from "./adapters/redis/saver.ts";
import { createAgent, type ServiceAgent } from "./agent.ts";
import { editApproval } from "./approvals/edit.ts";
import { composeKnowledge, type KnowledgePart } from "./compose-knowledge.ts";
import { composeTasks, type TasksPart } from "./compose-tasks.ts";
import { type AgentTools, composeTools } from "./compose-tools.ts";
import type { Config } from "./config.ts";
import type { Core, UseCases } from "./core.ts";
import { BackendUnavailableError } from "./errors.ts";
import type { Backend } from "./ports/backend.ts";
import type { KnowledgeIndex } from "./ports/knowledge-index.ts";
import { cancelRun } from "./runs/cancel.ts";
import { createPresence, type Presence } from "./runs/presence.ts";
import { purgeThread } from "./runs/purge.ts";
import { startRun } from "./runs/start.ts";
import { startWorker } from "./worker.ts";

export interface ComposeOptions {
  logger: Logger;
  /** Embedded mode: what the process shares with a Main Service inside it. */
  bus?: EmbeddedBus;
  /** Opens an index of domain events in place of the configured one. */
  openIndex?: () => Promise<KnowledgeIndex>;
  /** How long close() waits for the runs that are executing, in ms. */
  drainMs?: number;
}

const DRAIN_MS = 10_000;

/** How long the start waits for MCP servers, in ms: a run that is taken up again should find their tools. */
const MCP_SETTLE_MS = 5_000;

/**
 * Turns a configuration into running parts; the only place that knows every adapter. A Redis that does not
 * answer yet is no error: nothing runs until it does.
 *
 * @throws CheckpointerRefusedError when the configured saver cannot be used with this Redis
 */
export async function compose(config: Config, options: ComposeOptions): Promise<Core> {
  const { logger } = options;
  const parts = openParts(config, options);
  const { backend, agent, tools, knowledge, tasks } = parts;
  await agent().catch(async (error: unknown) => {
    if (error instanceof BackendUnavailableError) return logger.warn({ err: error }, "waiting for Redis");
    await tools.close();
    await backend.close();
    throw error;
  });
  await tools.mcp.settled(MCP_SETTLE_MS);
  const works = config.role !== "api";
  const presence = createPresence({ threads: backend.threads, leaseMs: config.leaseMs, logger });
  const reporter = (works && tasks?.start(agent)) || null;
  const onChange = (runId: string) => reporter?.changed(runId);
  const worker = works
    ? await startWorker(config, { backend, agent, logger, presence, now: Date.now, onChange })
    : null;
  // Events are indexed where runs are worked on, and taken in by HTTP everywhere.
  if (works) await knowledge?.start();

  return {
    ...useCases(config, parts, { logger, presence, isListening: () => worker?.isListening() !== false }),
    crashed: (runId) => presence.blame(runId),
    async close() {
      await worker?.close(options.drainMs ?? DRAIN_MS);
      await reporter?.close();
      await knowledge?.close();
      await tools.close();
      await parts.closeSaver();
      presence.close();
      await backend.close();
    },
  };
}

/** What the service consists of, before any of it works. */
interface Parts {
  backend: Backend;
  /** Rejects while the backend does not answer. */
  agent: () => Promise<ServiceAgent>;
  tools: AgentTools;
  knowledge: KnowledgePart | null;
  tasks: TasksPart | null;
  closeSaver(): Promise<void>;
}

function openParts(config: Config, options: ComposeOptions): Parts {
  const { logger } = options;
  const { backend, saver } = openBackend(config, options);
  const tasks = composeTasks(config, backend, logger);
  const knowledge = composeKnowledge(config, backend, logger, options.openIndex);
  const reach = {
    ...(tasks === null ? {} : { tasks: tasks.reader }),
    ...(knowledge === null ? {} : { knowledge: knowledge.reader }),
  };
  const tools = composeTools(config, backend, reach, logger);
  const agent = openOnce(async () => {
    const { ledger } = backend;
    return createAgent(config, { threads: await saver(), ledger, logger, source: tools.mcp.source, reach });
  });
  const closeSaver = () =>
    saver().then(
      ({ close }) => close(),
      () => {},
    );
  return { backend, agent, tools, knowledge, tasks, closeSaver };
}

function useCases(
  { leaseMs, approvalTtlMs, caps }: Config,
  { backend, agent, tools, knowledge }: Parts,
  { logger, presence, isListening }: { logger: Logger; presence: Presence; isListening(): boolean },
): UseCases {
  const now = Date.now;
  const queuedCaps = caps.queued;
  const ports = { ...backend, logger, now };
  return {
    backend,
    async ready() {
      await backend.ping();
      await agent();
      if (!isListening()) throw new BackendUnavailableError(new Error("signals are not heard yet"));
      const searching = await knowledge?.state();
      return searching ? { knowledge: searching } : {};
    },
    async start(prompt) {
      await agent();
      return startRun({ ...ports, queuedCaps }, prompt);
    },
    cancel: (owner, runId) => cancelRun(ports, owner, runId),
    edit: (owner, edit) => editApproval({ ...ports, approvalTtlMs }, owner, edit),
    saved: { ...ports, graph: async () => (await agent()).saved, leaseMs, queuedCaps },
    purge: async (thread, leaseHolder) =>
      purgeThread({ ...ports, agent: await agent(), presence, leaseHolder }, thread),
    ingest: knowledge?.ingest ?? null,
    tools: tools.list,
  };
}

function openBackend(
  config: Config,
  { logger, bus }: ComposeOptions,
): { backend: Backend; saver: () => Promise<OpenSaver> } {
  const { threadTtlMs, concurrency, leaseMs } = config;
  const common = { logger, threadTtlMs, concurrency, caps: config.caps.executing };
  if (config.backend === "embedded") {
    const saver = withoutLeases(new MemorySaver(new InMemorySerializer()), async () => {});
    return {
      backend: createEmbeddedBackend({ ...common, bus: bus ?? createEmbeddedBus() }),
      saver: async () => saver,
    };
  }
  const backend = createRedisBackend({ ...common, ...config.redis, leaseMs });
  const { connection, redis } = backend;
  const options = { ...config.checkpointer, threadTtlMs, address: config.redis, connection, redis, logger };
  return { backend, saver: openOnce(() => openSaver(options)) };
}

/** Opens once, for whoever asks first; an opening that failed is tried again by the next one who asks. */
function openOnce<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | null = null;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
}
