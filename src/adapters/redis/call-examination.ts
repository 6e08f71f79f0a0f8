import { randomUUID } from "node:crypto";
import { shownPart } from "@aura-platform/contract/approvals.ts";
import { jsonObject } from "@aura-platform/contract/json-text.ts";
import { language } from "@aura-platform/contract/languages.ts";
import { z } from "zod";
import { BackendUnavailableError } from "../../errors.ts";
import type { CallExamination, ChangedCall, Examine, Examined } from "../../ports/call-examination.ts";
import type { BackendLogger } from "../backend-logger.ts";
import type { RedisCommands } from "./commands.ts";
import { EXAMINATION_CHANNEL, examinationKey, examinedChannel } from "./keys.ts";
import { jsonField } from "./record-format.ts";
import type { Subscriber } from "./subscriber.ts";

const changedCall = z.object({
  tool: z.string(),
  args: z.unknown(),
  toolCallId: z.string(),
  language,
}) satisfies z.ZodType<ChangedCall>;

const question = jsonField.pipe(z.looseObject({ v: z.literal(1), id: z.uuid(), call: changedCall }));

const examined = z.union([
  z.object({
    ok: z.literal(true),
    args: jsonObject,
    digest: z.string(),
    message: z.string(),
    shown: shownPart.strip().exactOptional(),
  }),
  z.object({ ok: z.literal(false), problem: z.string() }),
]) satisfies z.ZodType<Examined>;
const failed = z.object({ failed: z.literal(true) });
const answer = jsonField.pipe(z.union([examined, failed]));

/** How long who asks waits for an answer, in ms: looking takes a few. */
const PATIENCE_MS = 10_000;
const NOBODY = "no process that works on runs examines edited calls";

interface Wiring {
  redis: RedisCommands;
  subscriber: Subscriber;
  logger: BackendLogger;
  /** How long who asks waits for an answer, in ms. */
  patienceMs: number;
}

/**
 * Asked on one channel that every process which works on runs hears; the first to claim the question answers
 * it. What is lost on the way is asked again by the person.
 */
export function createRedisCallExamination(
  redis: RedisCommands,
  subscriber: Subscriber,
  logger: BackendLogger,
  patienceMs = PATIENCE_MS,
): CallExamination {
  const wiring: Wiring = { redis, subscriber, logger, patienceMs };
  /** Of this process, when it works on runs itself. */
  const own = new Set<{ examine: Examine }>();

  return {
    async listen(examine) {
      const stop = await answerQuestions(wiring, examine);
      const here = { examine };
      own.add(here);
      return async () => {
        own.delete(here);
        await stop();
      };
    },
    async ask(call) {
      const [here] = own;
      return here === undefined ? askOthers(wiring, call) : here.examine(call);
    },
  };
}

/** Returns what ends it, and waits for the answers that are on their way. */
async function answerQuestions(wiring: Wiring, examine: Examine): Promise<() => Promise<void>> {
  const working = new Set<Promise<void>>();
  const leave = await wiring.subscriber.subscribe(EXAMINATION_CHANNEL, {
    onMessage(_channel, message) {
      const work = answerTo(wiring.redis, message, examine)
        .catch((err: unknown) => wiring.logger.warn({ err }, "an edited call could not be examined"))
        .finally(() => working.delete(work));
      working.add(work);
    },
    // Whoever asked meanwhile has been told that nobody answers.
    onResubscribed: () => {},
  });
  return async () => {
    leave();
    await Promise.all(working);
  };
}

async function answerTo(redis: RedisCommands, message: string, examine: Examine): Promise<void> {
  const { data } = question.safeParse(message);
  // A newer version's: a process of that one answers it.
  if (data === undefined) return;
  const claim = [examinationKey(data.id), 1, "NX", "PX", PATIENCE_MS] as const;
  if ((await redis.command("SET", claim)) === null) return;
  const say = (found: Examined | { failed: true }) =>
    redis.command("PUBLISH", [examinedChannel(data.id), JSON.stringify(found)]);
  try {
    await say(await examine(data.call));
  } catch (error) {
    // Nobody else answers what has been claimed: who asks must not wait for it.
    await say({ failed: true });
    throw error;
  }
}

async function askOthers({ redis, subscriber, patienceMs }: Wiring, call: ChangedCall): Promise<Examined> {
  const id = randomUUID();
  const heard = Promise.withResolvers<Examined>();
  // It is awaited below, behind the reply to PUBLISH, and the answer may come first.
  heard.promise.catch(() => {});
  const leave = await subscriber.subscribe(examinedChannel(id), {
    onMessage(_channel, message) {
      const { data, error } = answer.safeParse(message);
      if (data !== undefined && "ok" in data) heard.resolve(data);
      else heard.reject(new BackendUnavailableError(error, "the process that examines the call has failed"));
    },
    onResubscribed: () => {},
  });
  const tooLate = setTimeout(() => {
    const error = new Error(`no answer within ${patienceMs} ms`);
    heard.reject(new BackendUnavailableError(error, NOBODY));
  }, patienceMs);
  try {
    const asked = JSON.stringify({ v: 1, id, call });
    const receivers = await redis.command("PUBLISH", [EXAMINATION_CHANNEL, asked]);
    if (receivers === 0) throw new BackendUnavailableError(new Error("nobody listens"), NOBODY);
    return await heard.promise;
  } finally {
    clearTimeout(tooLate);
    leave();
  }
}
