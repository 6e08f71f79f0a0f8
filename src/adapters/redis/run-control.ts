import { z } from "zod";
import type { RunControl } from "../../ports/run-control.ts";
import type { RedisCommands } from "./commands.ts";
import { CONTROL_CHANNEL } from "./keys.ts";
import { jsonField } from "./record-format.ts";
import type { Subscriber } from "./subscriber.ts";

const announcement = jsonField.pipe(
  z.looseObject({ v: z.literal(1), type: z.literal("cancel"), runId: z.string() }),
);

/** Announcements on one channel that every process hears; there are few of them. */
export function createRedisRunControl(redis: RedisCommands, subscriber: Subscriber): RunControl {
  return {
    async announceCancel(runId) {
      await redis.command("PUBLISH", [CONTROL_CHANNEL, JSON.stringify({ v: 1, type: "cancel", runId })]);
    },
    async listen(listener) {
      const leave = await subscriber.subscribe(CONTROL_CHANNEL, {
        onMessage(_channel, message) {
          // What cannot be read is a newer version's, or no business of ours; the run's record tells all the
          // same.
          const { data } = announcement.safeParse(message);
          if (data !== undefined) listener.onCancel(data.runId);
        },
        onResubscribed: () => listener.onGap(),
      });
      listener.onGap();
      return async () => leave();
    },
  };
}
