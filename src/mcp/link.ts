import type { Logger } from "pino";
import { ServerUnavailableError } from "./reason.ts";
import type { McpSession } from "./session.ts";
import type { McpServer } from "./settings.ts";
import { waitAtMost } from "./wait-at-most.ts";
import type { WakeSignal } from "./wake-signal.ts";

/** The state of the connection to a server. A failed one is tried again and again. */
export type ServerState =
  | { readonly state: "connecting" }
  | { readonly state: "connected" }
  | { readonly state: "failed"; readonly reason: string };

/** How long a call to a server that is away waits for the attempt that it brings about, in ms. */
const COMEBACK_MS = 5_000;

/** The session with a server, while there is one, and what is known when there is none. */
export interface Link {
  up(opened: McpSession, tools: number): void;
  down(reason: string): void;
  /** `down`, unless another session has taken its place. */
  lost(session: McpSession, reason: string): void;
  /** Tells the calls that wait for an attempt that it is over, one way or the other. */
  attempted(): void;
  /** The session, or that of the next attempt; rejects with ServerUnavailableError when that fails. */
  connected(aborted: AbortSignal): Promise<McpSession>;
  state(): ServerState;
}

/** @param retry woken by a call that wants the next attempt now */
export function createLink(
  { name }: McpServer,
  logger: Logger,
  closing: AbortSignal,
  retry: Pick<WakeSignal, "wake">,
): Link {
  let session: McpSession | null = null;
  let attempt = Promise.withResolvers<void>();
  let outage: string | null = null;

  const attempted = () => {
    attempt.resolve();
    attempt = Promise.withResolvers();
  };
  const down = (reason: string) => {
    session = null;
    const isNews = outage === null && !closing.aborted;
    outage = reason;
    if (isNews) logger.warn({ server: name, reason }, "MCP server is unavailable; trying again");
  };

  return {
    attempted,
    down,
    up(opened, tools) {
      session = opened;
      outage = null;
      attempted();
      logger.info({ server: name, tools }, "MCP server connected");
    },
    lost(lost, reason) {
      if (session === lost) down(reason);
    },
    async connected(aborted) {
      if (session === null) {
        retry.wake();
        await waitAtMost(COMEBACK_MS, attempt.promise, aborted);
        aborted.throwIfAborted();
      }
      if (session === null) throw new ServerUnavailableError(outage ?? "it is still starting");
      return session;
    },
    state() {
      if (session !== null) return { state: "connected" };
      return outage === null ? { state: "connecting" } : { state: "failed", reason: outage };
    },
  };
}
