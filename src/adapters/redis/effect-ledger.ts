import { type RecordedEffect, recordedEffect } from "@aura-platform/contract/thread-document.ts";
import { z } from "zod";
import type { EffectKey, EffectLedger, EffectState } from "../../ports/effect-ledger.ts";
import { LeaseLostError } from "../../ports/thread-lease.ts";
import type { RedisCommands } from "./commands.ts";
import { leaseKey, ledgerKey } from "./keys.ts";
import { jsonField, parseRecord } from "./record-format.ts";
import { beginEffect, concludeEffect, finishEffect } from "./scripts/effects.ts";

// Not z.json(): it came out of JSON.parse, and may nest deeper than a validator recurses.
const present = z.unknown().refine((outcome) => outcome !== undefined, "is missing");

const effect = jsonField.pipe(
  z.discriminatedUnion("state", [
    z.looseObject({
      v: z.literal(1),
      state: z.literal("started"),
      ...recordedEffect.pick({ ended: true, later: true }).shape,
    }),
    z.looseObject({ v: z.literal(1), state: z.literal("done"), outcome: present }),
  ]),
);

const LOST = 0;
const STARTED = JSON.stringify({ v: 1, state: "started" });
/**
 * To a process of the older version, which does not run it then, a call that has ended is one that was
 * started.
 */
const endedJson = (as: "unknown" | "never", rest: { later?: unknown } = {}) =>
  JSON.stringify({ v: 1, state: "started", ended: as, ...rest });
const UNKNOWN = endedJson("unknown");
const NEVER = endedJson("never");
/** What the scripts know entries by, up to the place where a late outcome stands. */
const prefixOf = (json: string) => json.slice(0, -1);

/** One HASH per thread, so that its effects live and go with it. */
export function createRedisEffectLedger(redis: RedisCommands): EffectLedger {
  return {
    async begin(effectKey, leaseHolder) {
      const { threadId } = effectKey;
      const key = ledgerKey(threadId);
      const lease = leaseHolder === undefined ? undefined : leaseKey(threadId);
      const reply = await beginEffect(
        redis,
        { effects: key, lease },
        { name: fieldOf(effectKey), started: STARTED, holder: leaseHolder },
      );
      if (reply === null) return { state: "new" };
      if (reply === LOST) throw new LeaseLostError(threadId);
      return stateOf(parseRecord(effect, reply, key));
    },
    async finish(effectKey, outcome) {
      const [name, done] = encodeEffect({ ...effectKey, outcome });
      const concluded = (["unknown", "never"] as const).map((as) => ({
        prefix: prefixOf(endedJson(as)),
        instead: endedJson(as, { later: outcome ?? null }),
      }));
      await finishEffect(redis, { effects: ledgerKey(effectKey.threadId) }, { name, done, concluded });
    },
    async conclude(effectKey) {
      const key = ledgerKey(effectKey.threadId);
      const name = fieldOf(effectKey);
      const entries = { name, started: STARTED, unknown: UNKNOWN, never: NEVER };
      const reply = await concludeEffect(redis, { effects: key }, entries);
      const standing = stateOf(parseRecord(effect, reply, key));
      if (standing.state === "started") throw new Error(`an effect in ${key} cannot be concluded`);
      return standing;
    },
  };
}

function stateOf(standing: z.output<typeof effect>): Exclude<EffectState, { state: "new" }> {
  if (standing.state === "done") return { state: "done", outcome: standing.outcome };
  return standing.ended === undefined ? { state: "started" } : { state: "ended", as: standing.ended };
}

const fieldName = jsonField.pipe(z.tuple([z.string(), z.string()]));

/** One field of a thread's effects and its value. */
export function decodeEffect(field: string, value: string | undefined, key: string): RecordedEffect {
  const [taskId, toolCallId] = parseRecord(fieldName, field, key);
  const standing = parseRecord(effect, value, key);
  if (standing.state === "done") return { taskId, toolCallId, outcome: standing.outcome };
  const { ended, later } = standing;
  if (ended === undefined) return { taskId, toolCallId };
  return { taskId, toolCallId, ended, ...(later === undefined ? {} : { later }) };
}

/** The field and the value that keep an effect; without an outcome it has begun. */
export function encodeEffect(saved: RecordedEffect): [field: string, value: string] {
  if (!("outcome" in saved)) {
    const { ended } = saved;
    if (ended === undefined) return [fieldOf(saved), STARTED];
    return [fieldOf(saved), endedJson(ended, "later" in saved ? { later: saved.later ?? null } : {})];
  }
  return [fieldOf(saved), JSON.stringify({ v: 1, state: "done", outcome: saved.outcome ?? null })];
}

/** JSON, because ids may hold any character: ("a", "b:c") must differ from ("a:b", "c"). */
function fieldOf({ taskId, toolCallId }: Pick<EffectKey, "taskId" | "toolCallId">): string {
  return JSON.stringify([taskId, toolCallId]);
}
