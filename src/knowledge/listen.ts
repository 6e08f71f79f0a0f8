import type { Logger } from "pino";
import { keepListening, type Listening } from "../keep-listening.ts";
import type { EventBus } from "../ports/event-bus.ts";
import type { Intake } from "./intake.ts";

/**
 * Hears DWP's domain events for as long as the process lives. Every instance hears all of them, many twice;
 * the queue takes them for one.
 */
export async function listenForEvents(
  bus: EventBus,
  intake: Intake,
  logger: Logger,
): Promise<Pick<Listening, "close">> {
  const listener = {
    onEvent: intake.offer,
    onGap: () => logger.warn("domain events may have been missed: POST /aura/events takes them later"),
  };
  return keepListening(() => bus.listen(listener), logger, "domain events");
}
