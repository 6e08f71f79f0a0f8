import type { Logger } from "pino";
import type { EventBus, RawEvent } from "../ports/event-bus.ts";
import { keepListening, type Listening } from "../runs/keep-listening.ts";
import type { Intake } from "./intake.ts";
import { parseEventText } from "./parse-event.ts";

/**
 * Hears DWP's domain events for as long as the process lives. Every instance hears all of them, many twice; the queue takes
 * them for one. What is no event is logged, without its content.
 */
export async function listenForEvents(
  bus: EventBus,
  intake: Intake,
  logger: Logger,
): Promise<Pick<Listening, "close">> {
  const listener = {
    onEvent({ channel, payload }: RawEvent) {
      const parsed = parseEventText(payload);
      if ("refused" in parsed) {
        logger.warn({ channel, reason: parsed.refused, chars: payload.length }, "event refused");
      } else {
        intake.offer(parsed.event, parsed.digest);
      }
    },
    onGap: () => logger.warn("domain events may have been missed: POST /aura/events takes them later"),
  };
  return keepListening(() => bus.listen(listener), logger, "domain events");
}
