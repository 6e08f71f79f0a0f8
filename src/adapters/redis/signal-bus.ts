import type { SignalBus } from "../../ports/signal-bus.ts";
import { HITL_CHANNEL_PREFIX } from "../hitl-keys.ts";
import type { Subscriber } from "./subscriber.ts";

/** Signals of every session by one pattern subscription on the process's subscriber connection. */
export function createRedisSignalBus(subscriber: Subscriber): SignalBus {
  return {
    async listen(listener) {
      const leave = await subscriber.psubscribe(`${HITL_CHANNEL_PREFIX}*`, {
        onMessage(channel, payload) {
          listener.onSignal({ sessionId: channel.slice(HITL_CHANNEL_PREFIX.length), payload });
        },
        onResubscribed: () => listener.onGap(),
      });
      listener.onGap();
      return async () => leave();
    },
  };
}
