import { setTimeout as delay } from "node:timers/promises";
import type { StoredEvent } from "@aura-platform/contract/events.ts";
import { AuraError } from "../errors.ts";
import type { PortsOf } from "../ports/backend.ts";
import type { EventLog } from "../ports/event-log.ts";
import type { Owner } from "../records/run.ts";
import type { RunEvents } from "../runs/follow.ts";
import { type OwnThreadDeps, ownThread } from "./own-thread.ts";

export type ReplayDeps = OwnThreadDeps & PortsOf<{ threads: "runsOf"; eventLog: "read" | "tail" }>;

export interface ReplayQuery {
  /** Only this run. */
  runId?: string;
  /** Only what comes after this event. */
  from?: { runId: string; seq: number };
  /** How many times faster than it happened; 0 is at once. */
  speed: number;
}

export interface Replay {
  /** Where it begins. */
  position: { runId: string; seq: number };
  events(signal: AbortSignal): AsyncIterable<RunEvents>;
}

const PAGE = 256;
/** What a timer can hold, in ms. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * What is recorded of a thread's runs, exactly as it was sent, with the pauses that there were within each
 * run. Nothing is executed; a run that is not over is replayed as far as it has come.
 *
 * @throws AuraError E1004 for a run or an event that the thread does not have
 */
export async function replayThread(
  deps: ReplayDeps,
  owner: Owner,
  threadId: string,
  query: ReplayQuery,
): Promise<Replay> {
  await ownThread(deps, owner, threadId);
  const { threads, eventLog } = deps;
  const all = await threads.runsOf(threadId);
  const { from, speed } = query;
  const wanted = query.runId ?? from?.runId;
  const first = wanted === undefined ? 0 : all.indexOf(wanted);
  const runIds = query.runId === undefined ? all.slice(first) : [query.runId];
  const [runId] = runIds;
  if (first < 0 || runId === undefined || (from !== undefined && from.runId !== runId)) {
    throw new AuraError("E1004", { detail: "a run that the thread does not have" });
  }
  const seq = from?.seq ?? 0;
  if (seq > (await eventLog.tail(runId)).lastSeq) {
    throw new AuraError("E1004", { detail: "an event id that was never issued" });
  }
  return {
    position: { runId, seq },
    events: (signal) => replayRuns(eventLog, runIds, seq, speed, signal),
  };
}

async function* replayRuns(
  log: Pick<EventLog, "read" | "tail">,
  runIds: readonly string[],
  after: number,
  speed: number,
  signal: AbortSignal,
): AsyncGenerator<RunEvents, void> {
  for (const [index, runId] of runIds.entries()) {
    let before: number | null = null;
    for await (const events of moments(log, runId, index === 0 ? after : 0)) {
      const at = events[0]?.at ?? 0;
      if (before !== null && speed > 0) await pause((at - before) / speed, signal);
      if (signal.aborted) return;
      before = at;
      yield { runId, events };
    }
  }
}

/** The recorded events in groups of one moment each. */
async function* moments(
  log: Pick<EventLog, "read" | "tail">,
  runId: string,
  after: number,
): AsyncGenerator<StoredEvent[]> {
  const { lastSeq } = await log.tail(runId);
  let position = after;
  let moment: StoredEvent[] = [];
  while (position < lastSeq) {
    const { events } = await log.read(runId, position, PAGE);
    for (const event of events) {
      if (moment.length > 0 && moment[0]?.at !== event.at) {
        yield moment;
        moment = [];
      }
      moment.push(event);
      position = event.seq;
    }
    if (events.length === 0) break;
  }
  if (moment.length > 0) yield moment;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms < 1) return;
  await delay(Math.min(ms, MAX_DELAY_MS), undefined, { signal }).catch(() => {});
}
