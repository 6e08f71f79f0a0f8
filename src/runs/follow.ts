import { setTimeout as delay } from "node:timers/promises";
import type { StoredEvent } from "@aura-platform/contract/events.ts";
import { BackendUnavailableError } from "../errors.ts";
import type { PortsOf } from "../ports/backend.ts";
import { type EventLog, EventLogGoneError } from "../ports/event-log.ts";

/** Events per read: the most that one follower holds in memory, however slow its client is. */
const PAGE = 256;
/** Between two attempts while the backend is away, in ms. */
const RETRY_MS = 500;

export type FollowedLog = Pick<EventLog, "read" | "tail" | "watch">;

export interface FollowThreadDeps extends PortsOf<{ threads: "runsOf" | "watch" }> {
  eventLog: FollowedLog;
}

/** Events of one run, in order. */
export interface RunEvents {
  runId: string;
  events: StoredEvent[];
}

/**
 * Yields a run's events with seq > after, in order, without gap or duplicate, as they are stored; returns
 * when the run has ended or `signal` is aborted. While the backend is away it waits: the run pauses, and goes
 * on.
 */
export async function* followRun(
  log: FollowedLog,
  runId: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<RunEvents, void> {
  let position = after;
  while (!signal.aborted) {
    try {
      for await (const events of followOnce(log, runId, position, signal)) {
        position = events.at(-1)?.seq ?? position;
        yield { runId, events };
      }
      return;
    } catch (error) {
      if (!(error instanceof BackendUnavailableError)) throw error;
      await delay(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/**
 * Yields the events of every run of a thread, from a position in one of them on (from the very first
 * without), and of the runs to come; returns only when `signal` is aborted.
 */
export async function* followThread(
  deps: FollowThreadDeps,
  threadId: string,
  from: { runId: string; seq: number } | null,
  signal: AbortSignal,
): AsyncGenerator<RunEvents, void> {
  const change = createFlag();
  const stopWatching = await deps.threads.watch(threadId, change.raise);
  signal.addEventListener("abort", change.raise, { once: true });
  let done: string | null = null;
  try {
    while (!signal.aborted) {
      change.lower();
      const runs = await deps.threads.runsOf(threadId);
      const next: string | undefined =
        done === null ? (from?.runId ?? runs[0]) : runs[runs.indexOf(done) + 1];
      if (next === undefined) {
        if (done !== null && runs.length === 0) throw new EventLogGoneError(done);
        await change.raised();
        continue;
      }
      yield* followRun(deps.eventLog, next, from?.runId === next ? from.seq : 0, signal);
      done = next;
    }
  } finally {
    signal.removeEventListener("abort", change.raise);
    stopWatching();
  }
}

/**
 * Watching begins before the first read, and live events are never buffered here: a change is only a reason
 * to read on from the last position.
 */
async function* followOnce(
  log: FollowedLog,
  runId: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<StoredEvent[], void> {
  const change = createFlag();
  const stopWatching = await log.watch(runId, change.raise);
  signal.addEventListener("abort", change.raise, { once: true });
  let position = after;
  try {
    while (!signal.aborted) {
      change.lower();
      const page = await log.read(runId, position, PAGE);
      const last = page.events.at(-1);
      if (last !== undefined) {
        position = last.seq;
        yield page.events;
      }
      if (page.ended) return;
      if (last !== undefined) continue;
      await refuseGone(log, runId, position);
      await change.raised();
    }
  } finally {
    signal.removeEventListener("abort", change.raise);
    stopWatching();
  }
}

/** A log that is shorter than before is gone, and nothing would ever end this stream. */
async function refuseGone(log: FollowedLog, runId: string, position: number): Promise<void> {
  if (position > 0 && (await log.tail(runId)).lastSeq < position) throw new EventLogGoneError(runId);
}

/** A level-triggered flag: a raise between two waits is not lost. */
function createFlag() {
  let up = false;
  let wake: (() => void) | null = null;
  return {
    raise: () => {
      up = true;
      wake?.();
    },
    lower: () => {
      up = false;
    },
    raised: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
        if (up) resolve();
      }),
  };
}
