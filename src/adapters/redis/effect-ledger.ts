import { z } from "zod";
import type { EffectKey, EffectLedger } from "../../ports/effect-ledger.ts";
import { LeaseLostError } from "../../ports/thread-lease.ts";
import type { RedisCommands } from "./commands.ts";
import { leaseKey, ledgerKey } from "./keys.ts";
import { jsonField, parseRecord } from "./record-format.ts";
import { loadScript } from "./script.ts";

const BEGIN_EFFECT = loadScript("begin-effect");

// Not z.json(): it came out of JSON.parse, and may nest deeper than a validator recurses.
const present = z.unknown().refine((outcome) => outcome !== undefined, "is missing");

const effect = jsonField.pipe(
  z.discriminatedUnion("state", [
    z.looseObject({ v: z.literal(1), state: z.literal("started") }),
    z.looseObject({ v: z.literal(1), state: z.literal("done"), outcome: present }),
  ]),
);

const LOST = 0;
const STARTED = JSON.stringify({ v: 1, state: "started" });

/** One HASH per thread, so that its effects live and go with it. */
export function createRedisEffectLedger(redis: RedisCommands): EffectLedger {
  return {
    async begin(effectKey, leaseHolder) {
      const { threadId } = effectKey;
      const key = ledgerKey(threadId);
      const fence = leaseHolder === undefined ? [] : [leaseHolder];
      const keys = leaseHolder === undefined ? [key] : [key, leaseKey(threadId)];
      const reply = await redis.script(BEGIN_EFFECT, keys, [fieldOf(effectKey), STARTED, ...fence]);
      if (reply === null) return { state: "new" };
      if (reply === LOST) throw new LeaseLostError(threadId);
      const standing = parseRecord(effect, reply, key);
      return standing.state === "started"
        ? { state: "started" }
        : { state: "done", outcome: standing.outcome };
    },
    async finish(effectKey, outcome) {
      const done = JSON.stringify({ v: 1, state: "done", outcome: outcome ?? null });
      await redis.command("HSET", [ledgerKey(effectKey.threadId), fieldOf(effectKey), done]);
    },
  };
}

/** JSON, because ids may hold any character: ("a", "b:c") must differ from ("a:b", "c"). */
function fieldOf({ taskId, toolCallId }: EffectKey): string {
  return JSON.stringify([taskId, toolCallId]);
}
