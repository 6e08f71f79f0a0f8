import type { RunRecord } from "../records/run.ts";

/**
 * So many processes may end without a new checkpoint of a run that they worked on; then it is worked on
 * alone.
 */
export const ENDS_BESIDE_OTHERS = 2;

/** For how long others wait for a run that has to be alone, in ms: until it is, and again while it is. */
export const ALONE_MS = 60_000;

type Verdict = "innocent" | "suspect" | "condemned";

/**
 * What the ends of processes say about a run: nothing, that it may have brought them about (then it is worked
 * on alone), or that it has (the last one worked on nothing else).
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

/**
 * For how long a run may be alone, in ms: longer each time, so that one that ends its process late is found
 * too.
 */
export function aloneMs(run: RunRecord, self: string): number {
  return ALONE_MS * 2 ** Math.min(Math.max(endsOf(run, self) - ENDS_BESIDE_OTHERS, 0), 6);
}
