import { DOMAIN_EVENT_CHANNELS } from "@aura-platform/contract/domain-events.ts";
import type { EventBus } from "../../ports/event-bus.ts";
import type { Subscriber } from "./subscriber.ts";

/** DWP's event channels on the process's subscriber connection. */
export function createRedisEventBus(subscriber: Subscriber): EventBus {
  return {
    async listen({ onEvent, onGap }) {
      const onMessage = (channel: string, payload: string) => onEvent({ channel, payload });
      const joined = await Promise.allSettled(
        DOMAIN_EVENT_CHANNELS.map((channel, at) =>
          // The channels are lost and found together: one of them tells.
          subscriber.subscribe(channel, { onMessage, onResubscribed: at === 0 ? onGap : () => {} }),
        ),
      );
      const leave = async () => {
        for (const each of joined) if (each.status === "fulfilled") each.value();
      };
      const failed = joined.find((each) => each.status === "rejected");
      if (failed === undefined) return leave;
      await leave();
      throw failed.reason;
    },
  };
}
