import { AsyncLocalStorage } from "node:async_hooks";

/** What says in whose service something happens, wherever it surfaces. */
export interface CurrentRun {
  runId: string;
  threadId: string;
}

const storage = new AsyncLocalStorage<CurrentRun>();

/** Does the work of a run: what it starts, also what nobody waits for, knows whose it is. */
export function inRun<T>({ runId, threadId }: CurrentRun, work: () => T): T {
  return storage.run({ runId, threadId }, work);
}

/** The run that the running code works for, where that is known. */
export function currentRun(): CurrentRun | undefined {
  return storage.getStore();
}
