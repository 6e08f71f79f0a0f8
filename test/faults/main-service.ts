import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Random } from "./seeded.ts";

export type SignalFault = "none" | "dropped" | "duplicated" | "delayed";
export const SIGNAL_FAULTS: readonly SignalFault[] = ["none", "none", "dropped", "duplicated", "delayed"];

const DECIDE = `
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[2], "EX", 1800)
redis.call("SET", KEYS[2], ARGV[3], "EX", 300)
return 1`;

/**
 * Decides as Main Service does (contract, section 8: rewrite the request, keep the signal, publish), over a network that
 * treats the published signal badly. False when the request was not pending any more.
 */
export async function decideAtMain(
  redis: Redis,
  requestId: string,
  approve: boolean,
  fault: SignalFault,
  random: Random,
): Promise<boolean> {
  const key = `hitl:request:${requestId}`;
  const text = await redis.get(key);
  const request = JSON.parse(text ?? "null");
  if (text === null || request.status !== "pending") return false;
  const status = approve ? "approved" : "rejected";
  const decided = {
    ...request,
    status,
    [`${status}By`]: "user123",
    [`${status}At`]: Date.now(),
    reason: "no",
  };
  const signal = JSON.stringify({
    type: approve ? "approval" : "rejection",
    requestId,
    status,
    timestamp: Math.floor(Date.now() / 1000),
  });
  const sessionId: string = request.sessionId;
  const keys = [key, `hitl:signal:${sessionId}`];
  await redis.eval(DECIDE, 2, ...keys, text, JSON.stringify(decided), signal);
  // Asked, not taken from the reply: that can be lost with a restart of Redis, after the script has run.
  const standing = JSON.parse((await redis.get(key)) ?? "null");
  if (standing?.status !== status) return false;
  const publish = () => redis.publish(`hitl:channel:${sessionId}`, signal);
  if (fault === "none") await publish();
  if (fault === "duplicated") await Promise.all(Array.from({ length: 5 }, publish));
  if (fault === "delayed") await delay(random.between(50, 800)).then(publish);
  return true;
}
