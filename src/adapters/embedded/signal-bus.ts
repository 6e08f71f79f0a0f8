import { HITL_PREFIXES } from "@aura-platform/contract/hitl.ts";
import type { SignalBus } from "../../ports/signal-bus.ts";
import type { EmbeddedBus } from "./bus.ts";

/** Signals from whoever publishes on the same bus in this process. */
export function createEmbeddedSignalBus(bus: EmbeddedBus): SignalBus {
  return {
    async listen(listener) {
      const unsubscribe = bus.subscribe(HITL_PREFIXES.channel, (channel, payload) => {
        listener.onSignal({ sessionId: channel.slice(HITL_PREFIXES.channel.length), payload });
      });
      // What was published before this moment has been missed; from here on nothing is, so once is enough.
      listener.onGap();
      return async () => unsubscribe();
    },
  };
}
