import { z } from "zod";
import type { EffectKey, EffectLedger } from "../../ports/effect-ledger.ts";
import type { SavedEffect } from "../../ports/thread-archive.ts";
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
      await redis.command("HSET", [
        ledgerKey(effectKey.threadId),
        ...encodeEffect({ ...effectKey, outcome }),
      ]);
    },
  };
}

const fieldName = jsonField.pipe(z.tuple([z.string(), z.string()]));

/** One field of a thread's effects and its value. */
export function decodeEffect(field: string, value: string | undefined, key: string): SavedEffect {
  const [taskId, toolCallId] = parseRecord(fieldName, field, key);
  const standing = parseRecord(effect, value, key);
  return { taskId, toolCallId, ...(standing.state === "started" ? {} : { outcome: standing.outcome }) };
}

/** The field and the value that keep an effect; without an outcome it has begun. */
export function encodeEffect(saved: SavedEffect): [field: string, value: string] {
  if (!("outcome" in saved)) return [fieldOf(saved), STARTED];
  return [fieldOf(saved), JSON.stringify({ v: 1, state: "done", outcome: saved.outcome ?? null })];
}

/** JSON, because ids may hold any character: ("a", "b:c") must differ from ("a:b", "c"). */
function fieldOf({ taskId, toolCallId }: Pick<EffectKey, "taskId" | "toolCallId">): string {
  return JSON.stringify([taskId, toolCallId]);
}
