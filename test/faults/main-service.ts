import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Random } from "./seeded.ts";

/** What becomes of a signal on its way; `reordered` ones arrive after all others, the last one first. */
export type SignalFault = "none" | "dropped" | "duplicated" | "delayed" | "reordered";
export const SIGNAL_FAULTS: readonly SignalFault[] = [
  "none",
  "none",
  "dropped",
  "duplicated",
  "delayed",
  "reordered",
];

const DECIDE = `
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[2], "EX", 1800)
redis.call("SET", KEYS[2], ARGV[3], "EX", 300)
return 1`;

export type Verdict = "approved" | "rejected";

/**
 * Decides as Main Service does (docs/contract.md, section 8: rewrite the request, keep the signal, publish).
 *
 * @returns what publishes the signal; null when the request had been decided
 */
export async function decideAtMain(
  redis: Redis,
  requestId: string,
  status: Verdict,
): Promise<(() => Promise<number>) | null> {
  const key = `hitl:request:${requestId}`;
  const text = await redis.get(key);
  const request = JSON.parse(text ?? "null");
  // Nothing else counts as decided (docs/contract.md, section 8).
  if (text === null || ["approved", "rejected"].includes(request.status)) return null;
  const decided = {
    ...request,
    status,
    [`${status}By`]: "user123",
    [`${status}At`]: Date.now(),
    reason: "no",
  };
  const sessionId: string = request.sessionId;
  const signal = signalOf(requestId, status);
  const keys = [key, `hitl:signal:${sessionId}`];
  await redis.eval(DECIDE, 2, ...keys, text, JSON.stringify(decided), signal);
  // Asked, not taken from the reply: that can be lost with a restart of Redis, after the script has run.
  const standing = JSON.parse((await redis.get(key)) ?? "null");
  if (standing?.status !== status) return null;
  return () => publishSignal(redis, sessionId, requestId, status);
}

/** @returns how many subscribers there were */
export function publishSignal(
  redis: Redis,
  sessionId: string,
  requestId: string,
  status: Verdict,
): Promise<number> {
  return redis.publish(`hitl:channel:${sessionId}`, signalOf(requestId, status));
}

/** Sends signals over a network that treats them badly. */
export function createSignalNetwork(random: Random) {
  const late: (() => Promise<unknown>)[] = [];
  return {
    async send(publish: () => Promise<unknown>, fault: SignalFault): Promise<void> {
      if (fault === "none") await publish();
      if (fault === "duplicated") await Promise.all(Array.from({ length: 5 }, publish));
      if (fault === "delayed") await delay(random.between(50, 800)).then(publish);
      if (fault === "reordered") late.unshift(publish);
    },
    /** Delivers what was held back. */
    async flush(): Promise<void> {
      for (const publish of late.splice(0)) await publish();
    },
  };
}

function signalOf(requestId: string, status: Verdict): string {
  const type = status === "approved" ? "approval" : "rejection";
  return JSON.stringify({ type, requestId, status, timestamp: Math.floor(Date.now() / 1000) });
}
