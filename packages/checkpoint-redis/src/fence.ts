/**
 * Lets a writer write only as long as a HASH elsewhere in the same Redis names it (on a Cluster: under the
 * same hash tag): the check is part of the write, so that one who has been replaced without noticing changes
 * nothing any more.
 */
export interface Fence {
  key: string;
  field: string;
  /** What the field holds while this writer may write. */
  value: string;
  /** What a refused write throws. */
  refusal: () => Error;
}

/** The fence of a call, from its `config.configurable`; undefined when it has none. */
export type FenceOf = (configurable: Record<string, unknown>) => Fence | undefined;
