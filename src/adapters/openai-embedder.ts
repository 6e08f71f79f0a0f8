import { OpenAIEmbeddings } from "@langchain/openai";
import type { Embedder } from "../knowledge/embedder.ts";

export interface OpenAiEmbedderSettings {
  model: string;
  apiKey: string | undefined;
  baseUrl: string | undefined;
}

/** Of OpenAI's small model, and of most others that can be asked for so many. */
const DIMENSIONS = 1536;
const TIMEOUT_MS = 20_000;
const RETRIES = 3;

/** Embeddings of OpenAI or a compatible server, in batches, with retries. */
export function createOpenAiEmbedder({ model, apiKey, baseUrl }: OpenAiEmbedderSettings): Embedder {
  const client = new OpenAIEmbeddings({
    model,
    dimensions: DIMENSIONS,
    batchSize: 64,
    timeout: TIMEOUT_MS,
    maxRetries: RETRIES,
    // The client refuses to work without any; servers that need none ignore it.
    apiKey: apiKey ?? "none",
    ...(baseUrl === undefined ? {} : { configuration: { baseURL: baseUrl } }),
  });
  return {
    name: `openai:${model}`,
    dimensions: DIMENSIONS,
    embed: (texts) => client.embedDocuments([...texts]),
  };
}
