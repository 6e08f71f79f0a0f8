import type { RunRecord } from "../records/run.ts";

/** After so many processes have ended without a new checkpoint of the run, it is worked on alone. */
export const ENDS_BESIDE_OTHERS = 2;

/** How long a run waits to be alone, and at first how long it may then keep the others waiting, in ms. */
export const ALONE_MS = 60_000;

type Verdict = "innocent" | "suspect" | "condemned";

/**
 * Whether a run is the reason why the processes that worked on it have ended. `innocent`: too few have ended
 * to tell. `suspect`: it may be, and is worked on alone. `condemned`: it is, because the last of those
 * processes worked on nothing else.
 *
 * @param self this process: it has not ended
 */
export function verdictOn({ workers = [], alone }: RunRecord, self: string): Verdict {
  const ended = endsOf({ workers }, self);
  if (ended <= ENDS_BESIDE_OTHERS) return ended === ENDS_BESIDE_OTHERS ? "suspect" : "innocent";
  return alone !== undefined && alone !== self && workers.includes(alone) ? "condemned" : "suspect";
}

/** How many processes have ended with the run since its last new checkpoint. */
export function endsOf({ workers = [] }: Pick<RunRecord, "workers">, self: string): number {
  return workers.filter((worker) => worker !== self).length;
}

/** How long a run may be alone, in ms: longer each time, for runs that end their process late. */
export function aloneMs(run: RunRecord, self: string): number {
  return ALONE_MS * 2 ** Math.min(Math.max(endsOf(run, self) - ENDS_BESIDE_OTHERS, 0), 6);
}
