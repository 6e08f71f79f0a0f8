import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { createLink, type Link, type ServerState } from "./link.ts";
import type { Listing } from "./list-tools.ts";
import { failureReason, isConnectionLost, NoAnswerError } from "./reason.ts";
import { type CallAnswer, type McpCall, type McpSession, openMcpSession } from "./session.ts";
import type { McpServer } from "./settings.ts";
import { createWakeSignal } from "./wake-signal.ts";

/** A server that is connected, or being connected to again and again. */
export interface KeptConnection {
  /**
   * Tries at once to reach a server that is away, and calls again, once, when the server had not looked at
   * the call because it was restarted. Rejects with ServerUnavailableError when there is no connection, else
   * as a session's call.
   */
  call(call: McpCall): Promise<CallAnswer>;
  state(): ServerState;
  /** Resolves when the first attempt to connect is over, one way or the other. */
  readonly settled: Promise<void>;
  /** Ends the connection and every attempt at one. */
  close(): Promise<void>;
}

/** How often a server is asked for its tools, which is also how a silent death is noticed, in ms. */
const CHECK_EVERY_MS = 30_000;

/** How long an answer to that may take, in ms. */
const CHECK_MS = 10_000;

/** Least time between two checks, however often one is asked for, in ms. */
const CHECK_GAP_MS = 500;

/** A connection that lasted this long was a good one: the next attempt comes at once, in ms. */
const STABLE_MS = 5_000;

/** Between two attempts, in ms: it doubles from the first to the last. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

/** An attempt that takes longer than this logs what it waits for; in ms. */
const PATIENCE_MS = 5_000;

/**
 * Connects to a server and stays connected. An outage is logged once, and so is its end.
 *
 * @param onList told what the server lists, each time that this may have changed
 */
export function keepConnected(
  server: McpServer,
  logger: Logger,
  onList: (listing: Listing) => void,
): KeptConnection {
  const closing = new AbortController();
  const { signal } = closing;
  const settled = Promise.withResolvers<void>();
  const recheck = createWakeSignal();
  const retry = createWakeSignal();
  const link = createLink(server, logger, signal, retry);

  /** One connection, from the attempt to its end. Resolves with how long it lasted, in ms. */
  const once = async (): Promise<number> => {
    let opened: McpSession | null = null;
    let since = Infinity;
    let reason: string | null = null;
    const waiting = setTimeout(() => sayWhatItWaitsFor(server, logger), PATIENCE_MS);
    try {
      opened = await openMcpSession(server, signal, recheck.wake);
      const first = await opened.list(server.connectTimeoutMs);
      onList(first);
      clearTimeout(waiting);
      link.up(opened, first.tools.length);
      since = Date.now();
      settled.resolve();
      await recheck.wait(CHECK_EVERY_MS);
      while (opened.ended() === null && !signal.aborted) {
        const listing = await check(opened);
        if (listing !== null) onList(listing);
        await pause(CHECK_GAP_MS, signal);
        await recheck.wait(CHECK_EVERY_MS);
      }
    } catch (error) {
      reason = failureReason(error);
    }
    clearTimeout(waiting);
    link.down(reason ?? opened?.ended() ?? "the connection was closed");
    if (since === Infinity) link.attempted();
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
        await retry.wait(Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS) - FIRST_RETRY_MS);
      }
      failures += 1;
    }
  };
  const kept = keep();

  return {
    call: (call) => callOver(link, call, recheck.wake),
    state: link.state,
    settled: settled.promise,
    async close() {
      closing.abort(new Error("shutting down"));
      recheck.wake();
      retry.wake();
      await kept;
    },
  };
}

/** KeptConnection.call */
async function callOver(link: Link, call: McpCall, lookAtIt: () => void): Promise<CallAnswer> {
  const first = await link.connected(call.signal);
  try {
    return await first.call(call);
  } catch (error) {
    // Whatever went wrong, the connection may be the reason: look at it now.
    lookAtIt();
    if (!isConnectionLost(error)) throw error;
    link.lost(first, failureReason(error));
    // A list may not show what is wrong with it, and the next attempt must not get this connection again.
    first.giveUp(failureReason(error));
  }
  const second = await link.connected(call.signal);
  return second.call(call);
}

/**
 * What it lists now. A server that is busy with a call may be too busy for this: null then, and the call goes
 * on.
 */
async function check(session: McpSession): Promise<Listing | null> {
  try {
    return await session.list(CHECK_MS);
  } catch (error) {
    const isLate = error instanceof NoAnswerError && error.kind === "timeout";
    if (isLate && session.calling() > 0) return null;
    throw error;
  }
}

function sayWhatItWaitsFor({ name, reach, connectTimeoutMs }: McpServer, logger: Logger): void {
  const what =
    reach.kind === "stdio" ? `the program ${reach.command}` : `the server at ${new URL(reach.url).host}`;
  const text = "MCP server has not answered yet; waiting for it to start";
  logger.info({ server: name, waitsFor: what, atMostSeconds: connectTimeoutMs / 1000 }, text);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
