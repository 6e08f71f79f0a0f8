import type { CheckpointMetadata } from "../ports/agent-graph.ts";
import type { RunPatch } from "../ports/thread-registry.ts";
import type { RunRecord } from "../records/run.ts";
import { aloneMs } from "./ends.ts";
import type { Place } from "./gate.ts";
import { type TakePlaceDeps, takePlace } from "./no-progress.ts";
import type { Presence } from "./presence.ts";

type TellDeps = Pick<TakePlaceDeps, "logger"> & {
  presence: Pick<Presence, "worker" | "joined" | "progressed">;
};

export type WorkOnDeps = TakePlaceDeps &
  TellDeps & { presence: Pick<Presence, "works" | "stopped" | "left"> };

/**
 * What work on a run says of itself, so that a process that ends in the middle of the work can be told from
 * one that stops in good order.
 */
export interface Registration {
  /** For the transition that begins the work. */
  worker: NonNullable<RunPatch["worker"]>;
  /** To be told of every checkpoint of the run; resolves when it is noted. Never rejects. */
  onCheckpoint(metadata: CheckpointMetadata): Promise<void>;
}

/**
 * Works on a run when this process may (alone, if processes have ended with it).
 *
 * @param work true when it has brought the run to a stop: its end, or what it waits for
 */
export async function workOn(
  deps: WorkOnDeps,
  run: RunRecord,
  signal: AbortSignal,
  work: (registration: Registration) => Promise<boolean>,
): Promise<void> {
  const { presence } = deps;
  const { runId } = run;
  const place = await takePlace(deps, run, signal);
  if (place === null) return;
  presence.works(runId);
  const limit = place.alone ? shareLater(deps, run, place) : undefined;
  let stopped = false;
  try {
    const worker = { id: presence.worker, alone: place.alone };
    stopped = await work({ worker, onCheckpoint: listener(deps, runId, place) });
  } finally {
    clearTimeout(limit);
    presence.stopped(runId);
    if (!stopped) await presence.left(runId);
    place.leave();
  }
}

/** Stored first: whoever comes in must not be taken for absent. */
function shareLater({ presence, logger }: TellDeps, run: RunRecord, place: Place): NodeJS.Timeout {
  const { runId } = run;
  const timer = setTimeout(
    () => {
      presence.joined(runId).then(place.share, (err: unknown) => {
        logger.warn({ err, runId }, "a run stays alone: that others join it could not be stored");
      });
    },
    aloneMs(run, presence.worker),
  );
  return timer.unref();
}

/** Says once that the run has made progress: with the first result of a step. */
function listener({ presence, logger }: TellDeps, runId: string, place: Place): Registration["onCheckpoint"] {
  let said = false;
  let input: number | null = null;
  return async ({ source, step }) => {
    // The prompt is stored twice, as it came and as the graph has it, before anything is done about it.
    if (source === "input") input = step;
    if (source === "input" || said || (input !== null && step <= input + 1)) return;
    said = true;
    // Waited for: the process may end with what comes next, and this would count as an end without progress.
    await presence.progressed(runId).then(place.share, (err: unknown) => {
      said = false;
      logger.debug({ err, runId }, "that a run has made progress could not be stored");
    });
  };
}
