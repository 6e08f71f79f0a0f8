import { MemorySaver } from "@langchain/langgraph";
import type { Logger } from "pino";
import { createEmbeddedBackend } from "./adapters/embedded/backend.ts";
import { createEmbeddedBus, type EmbeddedBus } from "./adapters/embedded/bus.ts";
import { createRedisBackend } from "./adapters/redis/backend.ts";
import { type OpenSaver, openSaver, withoutFence } from "./adapters/redis/saver.ts";
import { InMemorySerializer } from "./adapters/serializer/serializer.ts";
import { createAgent, type ServiceAgent } from "./agent.ts";
import { type Edit, editApproval } from "./approvals/edit.ts";
import { composeKnowledge } from "./compose-knowledge.ts";
import { composeTasks } from "./compose-tasks.ts";
import { composeTools } from "./compose-tools.ts";
import type { Config } from "./config.ts";
import { BackendUnavailableError } from "./errors.ts";
import type { IngestEvents } from "./http/events.ts";
import type { ReadyDetails } from "./http/health.ts";
import type { ToolList } from "./http/tools.ts";
import type { Backend } from "./ports/backend.ts";
import type { KnowledgeIndex } from "./ports/knowledge-index.ts";
import type { ApprovalRecord } from "./records/approval.ts";
import type { Owner, RunRecord, ThreadRecord } from "./records/run.ts";
import { cancelRun } from "./runs/cancel.ts";
import { createPresence } from "./runs/presence.ts";
import { purgeThread } from "./runs/purge.ts";
import { type Prompt, startRun } from "./runs/start.ts";
import type { ThreadDeps } from "./threads/deps.ts";
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

/** The service without its HTTP side. */
export interface Core {
  backend: Pick<Backend, "name" | "threads" | "eventLog" | "approvals">;
  /**
   * Resolves with details for operators when the service can take prompts; rejects with
   * BackendUnavailableError when it cannot.
   */
  ready(): Promise<ReadyDetails>;
  start(prompt: Prompt): Promise<RunRecord>;
  cancel(owner: Owner, runId: string): Promise<RunRecord>;
  /** Puts an approval with other arguments in the place of one that waits. */
  edit(owner: Owner, edit: Edit): Promise<ApprovalRecord>;
  saved: ThreadDeps;
  /** Deletes a condemned thread whose lease is held. */
  purge(thread: ThreadRecord, leaseHolder: string): Promise<void>;
  /** Takes domain events in; null where nothing is indexed. */
  ingest: IngestEvents | null;
  /** The tools that there are, and how it stands with their servers. */
  tools(): Promise<ToolList>;
  /** This process is about to end by a fault: of this run, or of any that is executing. */
  crashed(runId: string | undefined): void;
  /** Hears no more signals, lets executing runs reach a stop (gives them up after drainMs), closes the backend. */
  close(): Promise<void>;
}

const DRAIN_MS = 10_000;

/** How long the start waits for MCP servers, in ms: a run that is taken up again should find their tools. */
const MCP_SETTLE_MS = 5_000;

/**
 * Turns a configuration into running parts; the only place that knows every adapter. A Redis that does not answer
 * yet is no error: nothing runs until it does.
 *
 * @throws CheckpointerRefusedError when the configured saver cannot be used with this Redis
 */
export async function compose(config: Config, options: ComposeOptions): Promise<Core> {
  const { logger } = options;
  const now = Date.now;
  const { leaseMs } = config;
  const queuedCaps = config.caps.queued;
  const { backend, saver } = openBackend(config, options);
  const tasks = composeTasks(config, backend, logger);
  const knowledge = composeKnowledge(config, backend, logger, options.openIndex);
  const reach = {
    ...(tasks === null ? {} : { tasks: tasks.reader }),
    ...(knowledge === null ? {} : { knowledge: knowledge.reader }),
  };
  const tools = composeTools(config, backend, reach, logger);
  const agent = opener(async (): Promise<ServiceAgent> => {
    const { ledger } = backend;
    return createAgent(config, { threads: await saver(), ledger, logger, source: tools.mcp.source, reach });
  });
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
    ? await startWorker(config, { backend, agent, logger, presence, now, onChange })
    : null;
  // Events are indexed where runs are worked on, and taken in by HTTP everywhere.
  if (works) await knowledge?.start();

  return {
    backend,
    async ready() {
      await backend.ping();
      await agent();
      if (worker?.isListening() === false) {
        throw new BackendUnavailableError(new Error("signals are not heard yet"));
      }
      const searching = await knowledge?.state();
      return searching ? { knowledge: searching } : {};
    },
    async start(prompt) {
      await agent();
      return startRun({ backend, now, queuedCaps }, prompt);
    },
    cancel: (owner, runId) => cancelRun({ backend, logger, now }, owner, runId),
    edit: (owner, edit) => {
      const { approvalTtlMs } = config;
      return editApproval({ ...backend, logger, now, approvalTtlMs }, owner, edit);
    },
    saved: { backend, graph: async () => (await agent()).saved, logger, now, leaseMs, queuedCaps },
    purge: async (thread, leaseHolder) =>
      purgeThread({ backend, agent: await agent(), logger, presence, now, leaseHolder }, thread),
    ingest: knowledge?.ingest ?? null,
    tools: tools.list,
    crashed: (runId) => presence.blame(runId),
    async close() {
      await worker?.close(options.drainMs ?? DRAIN_MS);
      await reporter?.close();
      await knowledge?.close();
      await tools.close();
      await saver().then(
        ({ close }) => close(),
        () => {},
      );
      presence.close();
      await backend.close();
    },
  };
}

function openBackend(
  config: Config,
  { logger, bus }: ComposeOptions,
): { backend: Backend; saver: () => Promise<OpenSaver> } {
  const { threadTtlMs, concurrency, leaseMs } = config;
  const common = { logger, threadTtlMs, concurrency, caps: config.caps.executing };
  if (config.backend === "embedded") {
    const saver = withoutFence(new MemorySaver(new InMemorySerializer()), async () => {});
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
