import { DOMAIN_EVENT_CHANNELS } from "@aura-platform/contract/domain-events.ts";
import type { EventBus } from "../../ports/event-bus.ts";
import type { EmbeddedBus } from "./bus.ts";

/** Events from whoever publishes on the same bus in this process; nothing is ever missed. */
export function createEmbeddedEventBus(bus: EmbeddedBus): EventBus {
  return {
    async listen({ onEvent }) {
      const leaves = DOMAIN_EVENT_CHANNELS.map((name) =>
        bus.subscribe(name, (channel, payload) => {
          // The bus goes by prefixes.
          if (channel === name) onEvent({ channel, payload });
        }),
      );
      return async () => {
        for (const leave of leaves) leave();
      };
    },
  };
}
