import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";

/** Between two attempts to subscribe while the backend is away, in ms. */
const RETRY_MS = 1_000;

type Unsubscribe = () => Promise<void>;

/** A subscription that is there, or on its way. */
export interface Listening {
  isListening(): boolean;
  /** Gives up, or unsubscribes. */
  close(): Promise<void>;
}

/**
 * Subscribes, and goes on trying when the first attempt fails, so that a service may start before its
 * backend. Resolves once the first attempt is over.
 *
 * @param what what is subscribed to, for the log
 */
export async function keepListening(
  listen: () => Promise<Unsubscribe>,
  logger: Logger,
  what: string,
): Promise<Listening> {
  const closed = new AbortController();
  const attempt = async () => {
    try {
      return await listen();
    } catch (err) {
      logger.warn({ err }, `cannot hear ${what} yet`);
      return null;
    }
  };
  const keepTrying = async () => {
    let unsubscribe: Unsubscribe | null = null;
    while (unsubscribe === null && !closed.signal.aborted) {
      await delay(RETRY_MS, undefined, { signal: closed.signal }).catch(() => {});
      if (!closed.signal.aborted) unsubscribe = await attempt();
    }
    return unsubscribe;
  };
  const first = await attempt();
  const subscribed = first === null ? keepTrying() : Promise.resolve(first);
  let listening = first !== null;
  void subscribed.then((unsubscribe) => {
    listening = unsubscribe !== null;
  });
  return {
    isListening: () => listening,
    async close() {
      closed.abort();
      const unsubscribe = await subscribed;
      await unsubscribe?.();
    },
  };
}
