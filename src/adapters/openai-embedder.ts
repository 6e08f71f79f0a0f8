import { OpenAIEmbeddings } from "@langchain/openai";
import type { Embedder } from "../knowledge/embedder.ts";

export interface OpenAiEmbedderSettings {
  model: string;
  /** Length of the model's vectors. */
  dimensions: number;
  apiKey: string | undefined;
  baseUrl: string | undefined;
}

const TIMEOUT_MS = 20_000;
const RETRIES = 3;
/** They give vectors as long as they are asked for; servers of other models refuse to be asked. */
const SHORTENS = /^text-embedding-3-/;

/**
 * Embeddings of OpenAI or a compatible server, in batches, with retries. `embed` rejects when the vectors are not as long as they should be: the
 * index takes no others.
 */
export function createOpenAiEmbedder({
  model,
  dimensions,
  apiKey,
  baseUrl,
}: OpenAiEmbedderSettings): Embedder {
  const client = new OpenAIEmbeddings({
    model,
    ...(SHORTENS.test(model) ? { dimensions } : {}),
    batchSize: 64,
    timeout: TIMEOUT_MS,
    maxRetries: RETRIES,
    // The client refuses to work without any; servers that need none ignore it.
    apiKey: apiKey ?? "none",
    ...(baseUrl === undefined ? {} : { configuration: { baseURL: baseUrl } }),
  });
  return {
    name: `openai:${model}`,
    dimensions,
    async embed(texts) {
      const vectors = await client.embedDocuments([...texts]);
      const wrong = vectors.find(({ length }) => length !== dimensions);
      if (wrong !== undefined) {
        throw new Error(
          `${model} gave vectors of ${wrong.length} numbers, and AURA_EMBEDDING_DIMENSIONS is ${dimensions}`,
        );
      }
      return vectors;
    },
  };
}
