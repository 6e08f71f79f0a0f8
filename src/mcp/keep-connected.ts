import { setTimeout as delay } from "node:timers/promises";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import type { Logger } from "pino";
import { createBell } from "./bell.ts";
import { reasonOf, ServerUnavailableError, wasNotSent } from "./reason.ts";
import { type McpCall, openSession, type Session } from "./session.ts";
import type { McpServer } from "./settings.ts";
import { within } from "./within.ts";

/** A server that is connected, or being connected to again and again. */
export interface Connection {
  /**
   * Tries at once to reach a server that is away, and calls again when a server that was restarted had not looked at the call.
   * Rejects with ServerUnavailableError when there is no connection, else with the SDK's errors.
   */
  call(call: McpCall): Promise<CallToolResult>;
  /** Why there is no connection; null when there is one. */
  outage(): string | null;
  /** Resolves when the first attempt to connect is over, one way or the other. */
  readonly settled: Promise<void>;
  /** Ends the connection and every attempt at one. */
  close(): Promise<void>;
}

/** How often a server is asked for its tools, which is also how a silent death is noticed, in ms. */
const CHECK_EVERY_MS = 30_000;

/** Between two checks, however many doubts a server raises, in ms. */
const CHECK_GAP_MS = 500;

/** A connection that lasted this long was a good one: the next attempt comes at once, in ms. */
const STABLE_MS = 5_000;

/** Between two attempts, in ms: it doubles from the first to the last. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

/** How long a call to a server that is away waits for the attempt that it brings about, in ms. */
const COMEBACK_MS = 5_000;

/**
 * Connects to a server and stays connected. An outage is logged once, and so is its end.
 *
 * @param onTools told what the server lists, each time that this may have changed
 */
export function keepConnected(
  server: McpServer,
  logger: Logger,
  onTools: (listed: readonly unknown[]) => void,
): Connection {
  const closing = new AbortController();
  const { signal } = closing;
  const settled = Promise.withResolvers<void>();
  const bell = createBell();
  const demand = createBell();
  let session: Session | null = null;
  let attempt = Promise.withResolvers<void>();
  let outage: string | null = "not connected yet";
  let logged = false;

  /** Tells the calls that wait for an attempt that it is over, one way or the other. */
  const attempted = () => {
    attempt.resolve();
    attempt = Promise.withResolvers();
  };
  const up = (opened: Session, tools: number) => {
    session = opened;
    outage = null;
    logged = false;
    attempted();
    logger.info({ server: server.name, tools }, "MCP server connected");
  };
  const down = (reason: string) => {
    session = null;
    outage = reason;
    if (logged || signal.aborted) return;
    logged = true;
    logger.warn({ server: server.name, reason }, "MCP server is unavailable; trying again");
  };

  /** One connection, from the attempt to its end. Resolves with how long it lasted, in ms. */
  const once = async (): Promise<number> => {
    let opened: Session | null = null;
    let since = Infinity;
    let reason = "the connection was closed";
    try {
      opened = await openSession(server, signal, bell.ring);
      const first = await opened.list();
      onTools(first);
      up(opened, first.length);
      since = Date.now();
      settled.resolve();
      await bell.wait(CHECK_EVERY_MS);
      while (opened.isOpen() && !signal.aborted) {
        onTools(await opened.list());
        await pause(CHECK_GAP_MS, signal);
        await bell.wait(CHECK_EVERY_MS);
      }
    } catch (error) {
      reason = reasonOf(error);
    }
    down(reason);
    if (since === Infinity) attempted();
    await opened?.close();
    return Date.now() - since;
  };

  const keep = async () => {
    let failures = 0;
    while (!signal.aborted) {
      const lasted = await once();
      settled.resolve();
      if (lasted >= STABLE_MS) failures = 0;
      if (failures > 0) {
        await pause(FIRST_RETRY_MS, signal);
        await demand.wait(Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS) - FIRST_RETRY_MS);
      }
      failures += 1;
    }
  };
  const kept = keep();

  const connected = async (aborted: AbortSignal): Promise<Session> => {
    if (session === null) {
      demand.ring();
      await within(COMEBACK_MS, attempt.promise, aborted);
      aborted.throwIfAborted();
    }
    if (session === null) throw new ServerUnavailableError(outage ?? "not connected");
    return session;
  };

  return {
    async call(call) {
      const first = await connected(call.signal);
      try {
        return await first.call(call);
      } catch (error) {
        // Whatever went wrong, the connection may be the reason: look at it now.
        bell.ring();
        if (!wasNotSent(error)) throw error;
        if (session === first) down(reasonOf(error));
      }
      const second = await connected(call.signal);
      return second.call(call);
    },
    outage: () => outage,
    settled: settled.promise,
    async close() {
      closing.abort(new Error("shutting down"));
      bell.ring();
      demand.ring();
      await kept;
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
