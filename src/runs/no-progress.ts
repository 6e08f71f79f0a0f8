import { setTimeout as delay } from "node:timers/promises";
import { NO_PROGRESS } from "@aura-platform/contract/errors.ts";
import type { Logger } from "pino";
import type { PortsOf } from "../ports/backend.ts";
import type { RunRecord } from "../records/run.ts";
import { ALONE_MS, endsOf, verdictOn } from "./ends.ts";
import type { Place } from "./gate.ts";
import type { Presence } from "./presence.ts";
import { type WindUpDeps, windUp } from "./wind-up.ts";

/** When a run that could not be alone is looked at again, in ms. */
const AGAIN_MS = 5_000;

interface EnterAloneDeps extends PortsOf<{ threads: "makeDue" }> {
  presence: Pick<Presence, "gate" | "worker">;
  logger: Logger;
  /** Unix ms. */
  now: () => number;
}

type CloseDeps = WindUpDeps & PortsOf<{ threads: "transition" }>;

export type TakePlaceDeps = EnterAloneDeps &
  CloseDeps &
  PortsOf<{ threads: "run" }> & { presence: Pick<Presence, "graceMs"> };

/**
 * Waits until this process may work on the run. Null when it must not, now or ever: then what is to be done
 * about the run has been done.
 */
export async function takePlace(
  deps: TakePlaceDeps,
  run: RunRecord,
  signal: AbortSignal,
): Promise<Place | null> {
  const { gate, worker, graceMs } = deps.presence;
  const verdict = verdictOn(run, worker);
  if (verdict === "innocent") return gate.enter(signal);
  if (verdict === "suspect") return enterAlone(deps, run, signal);
  // A process that was frozen or cut off from the backend has not ended, and gets the time to say so.
  await delay(graceMs, undefined, { signal }).catch(() => {});
  const standing = signal.aborted ? null : await deps.threads.run(run.runId);
  if (standing?.status !== "running") return null;
  if (verdictOn(standing, worker) === "condemned") return closeStuck(deps, standing);
  return enterAlone(deps, standing, signal);
}

async function enterAlone(deps: EnterAloneDeps, run: RunRecord, signal: AbortSignal): Promise<Place | null> {
  const { presence, logger, threads, now } = deps;
  const { runId, threadId } = run;
  // It waits for longer each time, so that at some time all others will have stopped before it gives up.
  const patienceMs = Math.min(Math.max(ALONE_MS, now() - run.updatedAt), 2 ** 31 - 1);
  const place = await presence.gate.enterAlone(patienceMs, signal);
  if (place === null) {
    if (!signal.aborted) await threads.makeDue(runId, now() + AGAIN_MS);
    return null;
  }
  const ends = endsOf(run, presence.worker);
  logger.warn({ runId, threadId, ends }, "processes have ended with this run: it is worked on alone");
  return place;
}

/** Ends a run that has ended every process that has worked on it. */
async function closeStuck(deps: CloseDeps, run: RunRecord): Promise<null> {
  const { runId, threadId, language, traceId, attempt } = run;
  const errorCode = "E1000";
  const reason = "no_progress";
  const ends = endsOf(run, deps.presence.worker);
  deps.logger.error({ runId, threadId, traceId, errorCode, reason, ends }, "run failed");
  const error = { errorCode, message: NO_PROGRESS[language], reason } as const;
  const { threads } = deps;
  const failed = await threads.transition(runId, ["running"], "failed", deps.now(), { error }, attempt);
  if (failed !== null) await windUp(deps, failed, "cancelled");
  return null;
}
