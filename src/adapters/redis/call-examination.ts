import { randomUUID } from "node:crypto";
import { z } from "zod";
import { shownPart } from "../../approvals/approval-schema.ts";
import { BackendUnavailableError } from "../../errors.ts";
import type { CallExamination, ChangedCall, Examine, Examined } from "../../ports/call-examination.ts";
import type { BackendLogger } from "./availability.ts";
import type { RedisCommands } from "./commands.ts";
import { EXAMINATION_CHANNEL, examinationKey, examinedChannel } from "./keys.ts";
import { jsonField } from "./record-format.ts";
import type { Subscriber } from "./subscriber.ts";

const changedCall = z.object({
  tool: z.string(),
  args: z.unknown(),
  toolCallId: z.string(),
  language: z.enum(["ko", "en"]),
}) satisfies z.ZodType<ChangedCall>;

const question = jsonField.pipe(z.looseObject({ v: z.literal(1), id: z.uuid(), call: changedCall }));

const examined = z.union([
  z.object({
    ok: z.literal(true),
    args: z.record(z.string(), z.unknown()),
    digest: z.string(),
    message: z.string(),
    shown: shownPart.exactOptional(),
  }),
  z.object({ ok: z.literal(false), problem: z.string() }),
]) satisfies z.ZodType<Examined>;
const answer = jsonField.pipe(examined);

/** How long who asks waits for an answer, in ms: looking takes a few. */
const PATIENCE_MS = 10_000;

/**
 * Asked on one channel that every process which works on runs hears; the first to claim the question answers it. What is lost on the
 * way is asked again by the person.
 */
export function createRedisCallExamination(
  redis: RedisCommands,
  subscriber: Subscriber,
  logger: BackendLogger,
  patienceMs = PATIENCE_MS,
): CallExamination {
  const answerTo = async (message: string, examine: Examine): Promise<void> => {
    const { data } = question.safeParse(message);
    // A newer version's: a process of that one answers it.
    if (data === undefined) return;
    const claim = [examinationKey(data.id), 1, "NX", "PX", PATIENCE_MS] as const;
    if ((await redis.command("SET", claim)) === null) return;
    const found = await examine(data.call);
    await redis.command("PUBLISH", [examinedChannel(data.id), JSON.stringify(found)]);
  };

  return {
    async listen(examine) {
      const working = new Set<Promise<void>>();
      const leave = await subscriber.subscribe(EXAMINATION_CHANNEL, {
        onMessage(_channel, message) {
          const work = answerTo(message, examine)
            .catch((err: unknown) => logger.warn({ err }, "an edited call could not be examined"))
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
    },
    async ask(call) {
      const id = randomUUID();
      const heard = Promise.withResolvers<Examined>();
      const leave = await subscriber.subscribe(examinedChannel(id), {
        onMessage(_channel, message) {
          const { data, error } = answer.safeParse(message);
          if (data === undefined)
            heard.reject(new BackendUnavailableError(error, "an answer that cannot be read"));
          else heard.resolve(data);
        },
        onResubscribed: () => {},
      });
      const tooLate = setTimeout(() => {
        const error = new Error(`no answer within ${patienceMs} ms`);
        heard.reject(
          new BackendUnavailableError(error, "no process that works on runs examines edited calls"),
        );
      }, patienceMs);
      try {
        await redis.command("PUBLISH", [EXAMINATION_CHANNEL, JSON.stringify({ v: 1, id, call })]);
        return await heard.promise;
      } finally {
        clearTimeout(tooLate);
        leave();
      }
    },
  };
}
