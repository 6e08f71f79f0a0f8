import { HITL_PREFIXES } from "@aura-platform/contract/hitl.ts";
import type { SignalBus } from "../../ports/signal-bus.ts";
import type { Subscriber } from "./subscriber.ts";

/** Signals of every session by one pattern subscription on the process's subscriber connection. */
export function createRedisSignalBus(subscriber: Subscriber): SignalBus {
  return {
    async listen(listener) {
      const leave = await subscriber.psubscribe(`${HITL_PREFIXES.channel}*`, {
        onMessage(channel, payload) {
          listener.onSignal({ sessionId: channel.slice(HITL_PREFIXES.channel.length), payload });
        },
        onResubscribed: () => listener.onGap(),
      });
      listener.onGap();
      return async () => leave();
    },
  };
}
