import { setTimeout as delay } from "node:timers/promises";

/** Waits for the promise, but not longer than `ms`, nor beyond an abort. Leaves no timer behind. */
export async function waitAtMost(ms: number, promise: Promise<unknown>, signal?: AbortSignal): Promise<void> {
  const over = new AbortController();
  const ends = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  const limit = delay(ms, undefined, { signal: ends }).catch(() => {});
  await Promise.race([promise, limit]).finally(() => over.abort());
}
