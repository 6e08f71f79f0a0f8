import { AsyncLocalStorage } from "node:async_hooks";

/** Names the run that something is done for, e.g. in a log line far from the run. */
export interface CurrentRun {
  runId: string;
  threadId: string;
}

const storage = new AsyncLocalStorage<CurrentRun>();

/** Does work of a run. All that it starts, also what nobody waits for, gets this run from `currentRun`. */
export function inRun<T>({ runId, threadId }: CurrentRun, work: () => T): T {
  return storage.run({ runId, threadId }, work);
}

/** The run that the running code works for, where that is known. */
export function currentRun(): CurrentRun | undefined {
  return storage.getStore();
}
