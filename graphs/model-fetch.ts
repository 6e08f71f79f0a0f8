import { setTimeout as sleep } from "node:timers/promises";
import { ModelTimeoutError, OutputLimitError } from "./model-errors.ts";

export interface Patience {
  /** How long the server may stay silent, before the headers and between two pieces of the body. */
  timeoutMs: number;
  maxRetries: number;
  retryDelayMs: number;
}

/** A longer Retry-After is not worth waiting for while somebody watches. */
const MAX_RETRY_AFTER_MS = 30_000;

/** Of one response. The limits of a run count what is in it; this one is for what is in no answer, and for a client that buffers. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Of one line, which the client puts together from pieces before anybody can look into it. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

/**
 * `fetch` for model servers: repeats a request answered by 429 or 5xx, and nothing else, and gives up when the
 * server falls silent, also in the middle of its answer.
 */
export function patientFetch(patience: Patience): typeof fetch {
  return async (input, init) => {
    for (let attempt = 0; ; attempt += 1) {
      const response = await attentiveFetch(input, init, patience.timeoutMs);
      const delay = attempt < patience.maxRetries ? retryDelay(response, attempt, patience) : null;
      if (delay === null) return response;
      await response.body?.cancel();
      await sleep(delay, undefined, init?.signal ? { signal: init.signal } : {});
    }
  };
}

/** Milliseconds until the next attempt; null when the answer stands. */
function retryDelay(
  { status, headers }: Response,
  attempt: number,
  { retryDelayMs }: Patience,
): number | null {
  if (status !== 429 && status < 500) return null;
  const asked = retryAfter(headers);
  if (asked !== null) return asked <= MAX_RETRY_AFTER_MS ? asked : null;
  // Jitter keeps many runs that failed together from returning together.
  return retryDelayMs * 2 ** attempt * (0.75 + Math.random() / 2);
}

/** Retry-After in ms: seconds, or a date. */
function retryAfter(headers: Headers): number | null {
  const value = headers.get("retry-after");
  if (value === null || value.trim() === "") return null;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1_000;
  return Number.isNaN(ms) ? null : Math.max(ms, 0);
}

async function attentiveFetch(
  input: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
  timeoutMs: number,
): Promise<Response> {
  const silence = watchdog(timeoutMs);
  const signal = init?.signal ? AbortSignal.any([init.signal, silence.signal]) : silence.signal;
  silence.restart();
  try {
    const response = await fetch(input, { ...init, signal });
    return watched(response, silence);
  } catch (error) {
    silence.stop();
    throw error;
  }
}

/** The response with every piece of its body resetting the watchdog, and an end to a body that has none. */
function watched(response: Response, silence: Watchdog): Response {
  if (response.body === null) {
    silence.stop();
    return response;
  }
  const count = byteCounter();
  const body = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        silence.restart();
        count(chunk);
        controller.enqueue(chunk);
      },
      flush: silence.stop,
    }),
  );
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}

function byteCounter(): (chunk: Uint8Array) => void {
  let all = 0;
  let line = 0;
  return (chunk) => {
    all += chunk.byteLength;
    const end = chunk.lastIndexOf(0x0a);
    line = end < 0 ? line + chunk.byteLength : chunk.byteLength - end - 1;
    if (all > MAX_BYTES) throw new OutputLimitError(`a response above ${MAX_BYTES} bytes`);
    if (line > MAX_LINE_BYTES) throw new OutputLimitError(`a line above ${MAX_LINE_BYTES} bytes`);
  };
}

type Watchdog = ReturnType<typeof watchdog>;

/** Aborts its signal unless it is restarted in time. */
function watchdog(ms: number) {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stop = () => clearTimeout(timer);
  const restart = () => {
    stop();
    // unref: a body that its reader has dropped must not keep the process alive.
    timer = setTimeout(() => controller.abort(new ModelTimeoutError(ms)), ms).unref();
  };
  return { signal: controller.signal, restart, stop };
}
