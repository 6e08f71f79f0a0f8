import { expect } from "vitest";

/** What `look` returns, once it does not throw any more; it is asked for as long as `expect.poll` asks (vitest.config.ts). */
export async function eventually<T>(look: () => T | Promise<T>): Promise<T> {
  const found: T[] = [];
  await expect.poll(async () => found.push(await look())).toBeGreaterThan(0);
  const [first] = found;
  return first as T;
}
