import type { RequestOptions } from "@modelcontextprotocol/sdk/shared/protocol.js";
import { McpError } from "@modelcontextprotocol/sdk/types.js";
import { isUnanswered } from "./messages.ts";
import { NoAnswerError } from "./reason.ts";

/** The SDK's own limit is out of the way: what it throws cannot be told from a server's error. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/** How long a request may take, who may end it, and what is known of its connection. */
export interface RequestLimits {
  ms: number;
  signal: AbortSignal;
  /** Why the connection has ended; null when it has not. */
  ended(): string | null;
}

/**
 * Makes a request with the options that it is given. They hold a signal of their own: the SDK never stops
 * listening to the one that it gets, and sends a cancellation of the finished request when that aborts later.
 *
 * @throws NoAnswerError when there is none; McpError for what the server itself says; the signal's reason;
 * else the transport's error, of a request that may not have been sent
 */
export async function withinLimits<T>(
  { ms, signal, ended }: RequestLimits,
  request: (options: RequestOptions) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const linked = new AbortController();
  const abort = () => linked.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => linked.abort(new NoAnswerError("timeout", "no answer in time")), ms);
  try {
    return await request({ timeout: NO_LIMIT_MS, signal: linked.signal });
  } catch (error) {
    if (linked.signal.aborted) throw linked.signal.reason;
    if (!(error instanceof McpError)) throw error;
    if (isUnanswered(error.code)) throw new NoAnswerError("ended", wordsOf(error), error);
    const reason = ended();
    throw reason === null ? error : new NoAnswerError("ended", reason, error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

/** An error's message, without what the SDK puts before it. */
function wordsOf({ message, code }: McpError): string {
  const before = `MCP error ${code}: `;
  return message.startsWith(before) ? message.slice(before.length) : message;
}
