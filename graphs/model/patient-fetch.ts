import { setTimeout as sleep } from "node:timers/promises";
import { cut } from "../../tools/cut.ts";
import {
  CONNECTION_LOST,
  causes,
  codeOf,
  ModelTimeoutError,
  OutputLimitError,
  ServerRefusal,
} from "./errors.ts";

interface Patience {
  /** How long the server may be silent, before the headers and between two lines of the body, in ms. */
  timeoutMs: number;
  maxRetries: number;
  retryDelayMs: number;
}

/** The longest Retry-After that is worth waiting for while somebody watches. */
const MAX_RETRY_AFTER_MS = 30_000;

/**
 * Limit of one response. The limits of a run count what is in its answer; this one also covers what is in no
 * answer, and a client that buffers.
 */
const MAX_BYTES = 256 * 1024 * 1024;

/** Limit of one line, which the client assembles before anybody can look into it. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** How much of a refusal is read, in characters. */
const MAX_SAID = 64 * 1024;

/**
 * `fetch` for model servers. Asks again when the server answers 429 or 5xx, or drops the connection before
 * the first byte of its answer. Gives up when it is silent for too long, also in the middle of its answer;
 * comments (`: ping`) count as silence.
 *
 * @returns a response that is ok and whose body has begun
 * @throws ServerRefusal for every other answer
 */
export function patientFetch(patience: Patience): typeof fetch {
  return async (input, init) => {
    for (let attempt = 0; ; attempt += 1) {
      const isLast = attempt >= patience.maxRetries;
      const result = await watchedFetch(input, init, patience.timeoutMs).catch((error: unknown) => {
        if (isLast || init?.signal?.aborted || !isReset(error)) throw error;
        return null;
      });
      if (result !== null && !(result instanceof ServerRefusalAnswer)) return result;
      const delay = isLast ? null : retryDelay(result, attempt, patience);
      if (delay === null) throw result?.refusal ?? new Error("no attempt is left");
      await sleep(delay, undefined, init?.signal ? { signal: init.signal } : {});
    }
  };
}

/** An answer that is not ok, with the headers that say when to ask again. */
class ServerRefusalAnswer {
  readonly refusal: ServerRefusal;
  readonly headers: Headers;

  constructor(refusal: ServerRefusal, headers: Headers) {
    this.refusal = refusal;
    this.headers = headers;
  }
}

/** Milliseconds until the next attempt after a refusal or a dropped connection; null when there is none. */
function retryDelay(
  answer: ServerRefusalAnswer | null,
  attempt: number,
  { retryDelayMs }: Patience,
): number | null {
  if (answer !== null) {
    const { status } = answer.refusal;
    if (status !== 429 && status < 500) return null;
    const asked = retryAfter(answer.headers);
    if (asked !== null) return asked <= MAX_RETRY_AFTER_MS ? asked : null;
  }
  // Jitter, so that many runs that failed together do not return together.
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

/** A connection that was never made is not worth a second try. */
function isReset(error: unknown): boolean {
  return causes(error).some((each) => CONNECTION_LOST.has(codeOf(each) ?? ""));
}

async function watchedFetch(
  input: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
  timeoutMs: number,
): Promise<Response | ServerRefusalAnswer> {
  const silence = watchdog(timeoutMs);
  const signal = init?.signal ? AbortSignal.any([init.signal, silence.signal]) : silence.signal;
  silence.restart();
  try {
    const response = await fetch(input, { ...init, signal });
    if (response.ok) return await begun(response, silence);
    const said = await beginningOf(response);
    silence.stop();
    return new ServerRefusalAnswer(new ServerRefusal(response.status, said), response.headers);
  } catch (error) {
    silence.stop();
    throw error;
  }
}

async function beginningOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let said = "";
  // Leaving the loop cancels the body.
  for await (const chunk of body ?? []) {
    said += decoder.decode(chunk, { stream: true });
    if (said.length >= MAX_SAID) break;
  }
  return cut(said, MAX_SAID);
}

/**
 * The response once the first piece of its body is here. Every line of the body restarts the watchdog, and a
 * body that is too long is ended.
 */
async function begun(response: Response, silence: Watchdog): Promise<Response> {
  if (response.body === null) {
    silence.stop();
    return response;
  }
  const reader = response.body.getReader();
  const first = await reader.read();
  const count = byteCounter();
  const hasContent = lineWatch();
  const pass = (chunk: Uint8Array, controller: ReadableStreamDefaultController<Uint8Array>) => {
    if (hasContent(chunk)) silence.restart();
    count(chunk);
    controller.enqueue(chunk);
  };
  const next = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const { done, value } = await reader.read();
    if (!done) return pass(value, controller);
    silence.stop();
    controller.close();
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (!first.done) return pass(first.value, controller);
      silence.stop();
      controller.close();
    },
    pull: (controller) =>
      next(controller).catch((error: unknown) => {
        silence.stop();
        controller.error(error);
        return reader.cancel(error);
      }),
    cancel: (reason) => {
      silence.stop();
      return reader.cancel(reason);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}

function byteCounter(): (chunk: Uint8Array) => void {
  let all = 0;
  let line = 0;
  return (chunk) => {
    all += chunk.byteLength;
    const end = chunk.lastIndexOf(LINE_FEED);
    line = end < 0 ? line + chunk.byteLength : chunk.byteLength - end - 1;
    if (all > MAX_BYTES) throw new OutputLimitError(`a response above ${MAX_BYTES} bytes`);
    if (line > MAX_LINE_BYTES) throw new OutputLimitError(`a line above ${MAX_LINE_BYTES} bytes`);
  };
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const COLON = 0x3a;

/** Whether a piece holds anything but comments (lines that begin with a colon) and empty lines. */
function lineWatch(): (chunk: Uint8Array) => boolean {
  let line: "new" | "comment" | "said" = "new";
  return (chunk) => {
    let said = false;
    for (let at = 0; at < chunk.length; ) {
      if (line === "new") line = kindOf(chunk[at]);
      said ||= line === "said";
      const end = line === "new" ? at : chunk.indexOf(LINE_FEED, at);
      if (end < 0) break;
      line = "new";
      at = end + 1;
    }
    return said;
  };
}

function kindOf(first: number | undefined): "new" | "comment" | "said" {
  if (first === LINE_FEED || first === CARRIAGE_RETURN) return "new";
  return first === COLON ? "comment" : "said";
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
