import { join } from "node:path";
import type { KnowledgeState } from "@aura-platform/contract/health.ts";
import type { Logger } from "pino";
import { openKnowledgeIndex } from "./adapters/lancedb/open.ts";
import { createOpenAiEmbedder } from "./adapters/openai-embedder.ts";
import type { Config } from "./config.ts";
import type { IngestEvents } from "./http/events.ts";
import { createHashingEmbedder, type Embedder } from "./knowledge/embedder.ts";
import { ingestEvents } from "./knowledge/ingest.ts";
import { createKnowledgeReader } from "./knowledge/search.ts";
import { type Knowledge, startKnowledge } from "./knowledge/start.ts";
import { knowledgeState } from "./knowledge/state.ts";
import type { Backend } from "./ports/backend.ts";
import type { KnowledgeIndex } from "./ports/knowledge-index.ts";

/** What the service knows of DWP, and what its tools reach of it. */
export interface KnowledgePart {
  reader: ReturnType<typeof createKnowledgeReader>;
  ingest: IngestEvents;
  /** How events are searched here; null where nothing is indexed. */
  state(): Promise<KnowledgeState | null>;
  /** Hears and indexes events from now on. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The knowledge part as configured; null when it is switched off.
 *
 * @param openIndex in place of the configured index
 */
export function composeKnowledge(
  config: Config,
  backend: Backend,
  logger: Logger,
  openIndex?: () => Promise<KnowledgeIndex>,
): KnowledgePart | null {
  if (!config.knowledge.enabled && openIndex === undefined) return null;
  let knowledge: Knowledge | null = null;
  const queue = backend.knowledge;
  const index = () => knowledge?.index() ?? { closed: "nothing is indexed in this process" };
  const embedder = embedderOf(config);
  return {
    reader: createKnowledgeReader({ index, queue, logger }),
    state: async () => (knowledge === null ? null : knowledgeState({ embedder, index, queue })),
    ingest: (tenantId, events) => ingestEvents(queue, tenantId, events),
    async start() {
      const open = openIndex ?? (() => openKnowledgeIndex(indexSettings(config, logger), logger));
      knowledge = await startKnowledge({ queue, bus: backend.events, openIndex: open, logger });
    },
    close: async () => knowledge?.close(),
  };
}

/** Where the index is, and what makes its vectors. */
export function indexSettings(
  config: Config,
  logger: Pick<Logger, "info">,
): { uri: string; embedder: Embedder } {
  const embedder = embedderOf(config);
  const uri = config.knowledge.uri ?? join(config.dataDir, "knowledge");
  logger.info({ embedder: embedder.name, dimensions: embedder.dimensions }, "index of domain events");
  return { uri, embedder };
}

/**
 * A key with a base URL is another server's, of which nobody knows whether it has embeddings: its model has
 * to be named.
 */
function embedderOf({ openai: { apiKey, baseUrl }, knowledge }: Config): Embedder {
  const isOpenAi = apiKey !== undefined && baseUrl === undefined;
  const model = knowledge.embeddingModel ?? (isOpenAi ? "text-embedding-3-small" : undefined);
  if (model === undefined) return createHashingEmbedder();
  return createOpenAiEmbedder({ model, dimensions: knowledge.embeddingDimensions, apiKey, baseUrl });
}
