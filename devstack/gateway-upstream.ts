import { AsyncLocalStorage } from "node:async_hooks";
import { Agent, type Dispatcher } from "undici";
import { AuraError } from "../src/errors.ts";

export interface UpstreamPoolOptions {
  /** Longest silence of an upstream, before or within its response; ms. */
  idleTimeoutMs?: number;
  connectTimeoutMs?: number;
  /** Connections per upstream; a request beyond them waits. */
  connections?: number;
}

// reply-from brings types of its own undici, in which `signal` is unknown; we set it ourselves.
type Options<T> = Omit<Dispatcher.RequestOptions<T>, "signal"> & { signal?: unknown };
type Callback<T> = (error: Error | null, data: Dispatcher.ResponseData<T>) => void;

/** The gateway's connections to the services behind it, with the limits of docs/contract.md, section 3. */
export function createUpstreamPool(options: UpstreamPoolOptions) {
  const idleTimeoutMs = options.idleTimeoutMs ?? 300_000;
  const agent = new Agent({
    connections: options.connections ?? 500,
    pipelining: 1,
    connect: { timeout: options.connectTimeoutMs ?? 10_000 },
    headersTimeout: idleTimeoutMs,
    bodyTimeout: idleTimeoutMs,
  });
  // reply-from takes no AbortSignal for a request, so the signal travels beside the call.
  const signals = new AsyncLocalStorage<AbortSignal>();

  // The promise form is there for the type only (its result differs between the two undici versions).
  function request<T = null>(options: Options<T>, callback: Callback<T>): void;
  function request<T = null>(options: Options<T>): Promise<never>;
  function request<T>(options: Options<T>, callback?: Callback<T>) {
    if (callback === undefined) return Promise.reject(new Error("reply-from always passes a callback"));
    return agent.request({ ...options, signal: signals.getStore() ?? null }, callback);
  }

  return {
    request,
    /** Requests that `send` starts end when the signal aborts. */
    withSignal: <T>(signal: AbortSignal, send: () => T): T => signals.run(signal, send),
    close: (): Promise<void> => agent.destroy(),
  };
}

/** The contract's error for a failed upstream call. */
export function upstreamError(error: Error): AuraError {
  const cause = error.cause ?? error;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_CONNECT_TIMEOUT") {
    return new AuraError("E5001", { cause });
  }
  if (code === "ECONNREFUSED" || code === "ENOTFOUND") return new AuraError("E5002", { cause });
  return new AuraError("E5000", { cause });
}
