import { setTimeout as delay } from "node:timers/promises";
import { EmbedderError } from "../knowledge/embedder.ts";

export interface EmbeddingServer {
  /** With its `/v1` or what the server has in its place. */
  baseUrl: string;
  apiKey: string | undefined;
  /** For one answer, in ms. */
  timeoutMs: number;
  /** Attempts after the first, when the server is busy or cannot be reached. */
  retries: number;
  /** Before the first of them, in ms; twice as long before each other. */
  firstPauseMs: number;
}

/** 64 vectors of 8,192 numbers, as text. */
const MAX_BYTES = 64 * 1024 * 1024;
const LONGEST_PAUSE_MS = 20_000;

/** The request itself is refused: a text is too long, a field unknown. */
const REFUSED = new Set([400, 413, 422]);
const HINTS: Readonly<Record<number, string>> = {
  401: ": the key is refused",
  403: ": the key may not use it",
  404: ": it has no such model, or no embeddings at this base URL",
};

/**
 * POST /embeddings; the parsed JSON. What is busy (429, 5xx) or out of reach is asked again. No error quotes
 * what the server said: servers quote keys and texts.
 *
 * @throws EmbedderError, `refused` when another request may be taken
 */
export async function requestEmbeddings(
  server: EmbeddingServer,
  body: Record<string, unknown>,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  for (let attempt = 0; ; attempt += 1) {
    const { json, problem, pauseMs } = await ask(server, body, signal);
    if (problem === undefined) return json;
    if (pauseMs === null || attempt >= server.retries) throw problem;
    const pause = pauseMs ?? server.firstPauseMs * 2 ** attempt * (0.75 + Math.random() / 2);
    if (pause > LONGEST_PAUSE_MS) throw problem;
    await delay(pause, undefined, signal === undefined ? {} : { signal }).catch(() => {
      throw problem;
    });
  }
}

interface Asked {
  json?: unknown;
  problem?: EmbedderError;
  /** Before it is worth asking again: null when it is not; undefined when the server does not say. */
  pauseMs?: number | null;
}

async function ask(
  { baseUrl, apiKey, timeoutMs }: EmbeddingServer,
  body: Record<string, unknown>,
  signal: AbortSignal | undefined,
): Promise<Asked> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(`${baseUrl.replace(/\/+$/, "")}/embeddings`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify(body),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    if (response.ok) return { json: parsed(await textOf(response)) };
    await response.body?.cancel();
    const { status } = response;
    const kind = REFUSED.has(status) ? "refused" : "unavailable";
    const problem = new EmbedderError(kind, `the server answered ${status}${HINTS[status] ?? ""}`);
    if (status !== 429 && status < 500) return { problem, pauseMs: null };
    const pauseMs = retryAfter(response.headers.get("retry-after"));
    return pauseMs === undefined ? { problem } : { problem, pauseMs };
  } catch (cause) {
    if (cause instanceof EmbedderError) return { problem: cause, pauseMs: null };
    if (signal?.aborted) {
      return {
        problem: new EmbedderError("unavailable", "the server did not answer in time", cause),
        pauseMs: null,
      };
    }
    return { problem: new EmbedderError("unavailable", reasonOf(cause, timeout), cause) };
  }
}

function reasonOf(cause: unknown, timeout: AbortSignal): string {
  if (timeout.aborted) return "the server does not answer";
  // fetch says "fetch failed", and why in its cause.
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const code = inner instanceof Error && "code" in inner ? String(inner.code) : "no connection";
  return `the server cannot be reached (${code})`;
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new EmbedderError("unavailable", "the server's answer is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EmbedderError("unavailable", "the server answered something that is not JSON", cause);
  }
}

/** In ms: seconds, or a date. */
function retryAfter(value: string | null): number | undefined {
  if (value === null || value.trim() === "") return undefined;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1_000;
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}
