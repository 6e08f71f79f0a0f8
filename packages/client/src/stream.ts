import { setTimeout as delay } from "node:timers/promises";
import { DONE } from "@aura-platform/contract/frames.ts";
import { parseRunEvent, type RunEvent, runOfPosition } from "./events.ts";
import { ConnectionFailure, reasonOf, ServiceFailure } from "./failures.ts";
import { readSse } from "./sse.ts";

/** Before each attempt to come back, in ms; the count begins again with every event and heartbeat. */
const RETRY_MS: readonly number[] = [0, 1_000, 2_000, 4_000, 8_000, 16_000];

/** A run's events, or those of all runs of a thread. */
export interface EventStream {
  threadId: string | null;
  runId: string | null;
  /** In order, each once; ends with the stream. Leaving the loop closes the connection. */
  events: AsyncGenerator<RunEvent, void>;
  /** Ends the events from outside, also while the next one is waited for. */
  close(): void;
}

export interface StreamOptions {
  /**
   * Opens the stream again behind a position, whose events have been handed out; null: nothing has arrived
   * yet.
   */
  reopen(position: string | null): Promise<Response>;
  /** The connection broke, and is being opened again. */
  onBreak?: (() => void) | undefined;
}

/**
 * An event stream that survives its connections. It ends with `[DONE]`, or in good order after an `error`. A
 * connection that ends otherwise, or with a damaged frame, is opened again behind the last position; after
 * some attempts in vain it throws ConnectionFailure. What the service refuses for good (a token that has
 * expired meanwhile) is thrown as it is.
 */
export function readStream(first: Response, options: StreamOptions): EventStream {
  const stop = new AbortController();
  return {
    threadId: first.headers.get("x-thread-id"),
    runId: first.headers.get("x-run-id"),
    events: readEvents(first, options, stop.signal),
    close: () => stop.abort(),
  };
}

async function* readEvents(
  first: Response,
  options: StreamOptions,
  stop: AbortSignal,
): AsyncGenerator<RunEvent, void> {
  let response: Response | null = first;
  let position: string | null = null;
  let failures = 0;
  let hasFailed = false;
  for (;;) {
    try {
      response ??= await options.reopen(position);
      for await (const frame of framesOf(response, stop)) {
        failures = 0;
        if (frame.event !== null) {
          yield frame.event;
          hasFailed = frame.event.type === "error";
        }
        position = frame.position ?? position;
        if (frame.done) return;
      }
      if (hasFailed) return;
      throw new ConnectionFailure("broken", "the stream ended before its [DONE]");
    } catch (error) {
      if (stop.aborted) return;
      if (!mayPass(error)) throw error;
      const wait = RETRY_MS[failures];
      if (wait === undefined) throw gaveUp(error);
      failures += 1;
      options.onBreak?.();
      // Rejects when it is stopped.
      await delay(wait, undefined, { signal: stop }).catch(() => {});
      if (stop.aborted) return;
      response = null;
    }
  }
}

interface Frame {
  event: RunEvent | null;
  position: string | null;
  done: boolean;
}

const SIGN_OF_LIFE: Frame = Object.freeze({ event: null, position: null, done: false });

async function* framesOf(response: Response, stop: AbortSignal): AsyncGenerator<Frame, void> {
  for await (const { id, data, comment } of readSse(chunksOf(response, stop))) {
    if (comment !== undefined) {
      if (comment === "heartbeat") yield SIGN_OF_LIFE;
      continue;
    }
    // A foreign id (the Gateway's) is no position.
    const position = runOfPosition(id) === null ? null : (id ?? null);
    const done = data === DONE;
    const event = data === undefined || done ? null : parseRunEvent(id, data);
    if (data !== undefined && !done && event === null) {
      throw new ConnectionFailure("broken", "a frame of the stream arrived damaged");
    }
    yield { event, position, done };
  }
}

async function* chunksOf(response: Response, stop: AbortSignal): AsyncGenerator<Uint8Array, void> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  // Of a connection that broke there is nothing left to cancel. Cancelling ends a pending read.
  const cancel = () => reader.cancel().catch(() => {});
  stop.addEventListener("abort", cancel);
  if (stop.aborted) await cancel();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw new ConnectionFailure("broken", `the connection broke: ${reasonOf(error)}`, error);
      });
      if (done) return;
      yield value;
    }
  } finally {
    stop.removeEventListener("abort", cancel);
    await cancel();
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof ServiceFailure) return [502, 503, 504].includes(error.status);
  return error instanceof ConnectionFailure;
}

function gaveUp(error: unknown): ConnectionFailure {
  return new ConnectionFailure(
    "lost",
    `the connection broke and did not come back (${reasonOf(error)})`,
    error,
  );
}
