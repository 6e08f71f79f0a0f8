import { type Embedder, EmbedderError } from "../knowledge/embedder.ts";
import { BatchError, LengthError, readVectors } from "./embedding-answer.ts";
import { type EmbeddingServer, requestEmbeddings } from "./embedding-request.ts";

interface OpenAiEmbedderSettings {
  model: string;
  /** Length of the vectors. */
  dimensions: number;
  apiKey: string | undefined;
  /** OpenAI's own when undefined. */
  baseUrl: string | undefined;
  /** For one answer, in ms. */
  timeoutMs?: number;
  /** Attempts after the first, when the server is busy or out of reach. */
  retries?: number;
  /** Before the first of them, in ms; twice as long before each other. */
  firstPauseMs?: number;
}

const OPENAI = "https://api.openai.com/v1";
const TIMEOUT_MS = 20_000;
const RETRIES = 3;
const FIRST_PAUSE_MS = 500;
/** Most texts of one request. */
const BATCH = 64;
/**
 * They give vectors as long as they are asked for; other models are asked only when their own have another
 * length.
 */
const SHORTENS = /(?:^|\/)text-embedding-3-/;

/**
 * Embeddings of OpenAI or a compatible server, in batches, with retries. `embed` rejects unless it got one
 * sound vector of the right length for every text. What a server turns out not to take - the field
 * `dimensions`, several texts at once - it is not sent again.
 */
export function createOpenAiEmbedder(settings: OpenAiEmbedderSettings): Embedder {
  const { model, dimensions, apiKey, baseUrl = OPENAI } = settings;
  const { timeoutMs = TIMEOUT_MS, retries = RETRIES, firstPauseMs = FIRST_PAUSE_MS } = settings;
  const server: EmbeddingServer = { baseUrl, apiKey, timeoutMs, retries, firstPauseMs };
  let batch = BATCH;
  let asksLength = SHORTENS.test(model);
  let mayChange = true;

  const request = async (texts: readonly string[], signal: AbortSignal | undefined) => {
    const body = { model, input: texts, ...(asksLength ? { dimensions } : {}) };
    const json = await requestEmbeddings(server, body, signal);
    return readVectors(json, { model, count: texts.length, dimensions });
  };

  /**
   * Tried once the other way: a server may refuse the field, or need it. When both fail, the first error
   * counts.
   */
  const embedBatch = async (texts: readonly string[], signal: AbortSignal | undefined) => {
    try {
      const vectors = await request(texts, signal);
      mayChange = false;
      return vectors;
    } catch (error) {
      const isRefused = asksLength && error instanceof EmbedderError && error.kind === "refused";
      const isLength = !asksLength && error instanceof LengthError;
      if (!mayChange || !(isRefused || isLength)) throw error;
      asksLength = !asksLength;
      try {
        const vectors = await request(texts, signal);
        mayChange = false;
        return vectors;
      } catch {
        asksLength = !asksLength;
        throw error;
      }
    }
  };

  return {
    name: `openai:${model}`,
    dimensions,
    isLocal: false,
    async embed(texts, signal) {
      const vectors: number[][] = [];
      while (vectors.length < texts.length) {
        const next = texts.slice(vectors.length, vectors.length + batch);
        try {
          vectors.push(...(await embedBatch(next, signal)));
        } catch (error) {
          if (!(error instanceof BatchError) || next.length === 1) throw error;
          batch = 1;
        }
      }
      return vectors;
    },
  };
}
