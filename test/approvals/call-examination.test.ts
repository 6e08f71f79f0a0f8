import { setImmediate } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { createRedisCallExamination } from "../../src/adapters/redis/call-examination.ts";
import type { SubscriptionListener } from "../../src/adapters/redis/subscriber.ts";

test("an answer that overtakes the reply to the question is nobody's unhandled rejection", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  onTestFinished(() => void process.off("unhandledRejection", note));
  let listener: SubscriptionListener | undefined;
  const subscriber = {
    subscribe: async (_channel: string, given: SubscriptionListener) => {
      listener = given;
      return () => {};
    },
    psubscribe: async () => () => {},
    ping: async () => {},
    close: async () => {},
  };
  const redis = {
    async command() {
      listener?.onMessage("the answer's", '{"failed":true}');
      // Long enough for Node to see that nobody has taken the rejection.
      for (let n = 0; n < 5; n += 1) await setImmediate();
      return 1;
    },
    script: async () => null,
  };
  const logger = { info() {}, warn() {}, error() {}, debug() {} };
  const { ask } = createRedisCallExamination(redis, subscriber, logger);
  const call = { tool: "send_email", args: {}, toolCallId: "call-1", language: "ko" } as const;
  await expect(ask(call)).rejects.toMatchObject({ code: "E5002" });
  expect(unhandled).toEqual([]);
});
