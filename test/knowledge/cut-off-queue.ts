import { pino } from "pino";
import { createEmbeddedKnowledgeQueue } from "../../src/adapters/embedded/knowledge-queue.ts";
import { BackendUnavailableError } from "../../src/errors.ts";
import { createIntake } from "../../src/knowledge/intake.ts";
import type { KnowledgeQueue } from "../../src/ports/knowledge-queue.ts";
import { callCounter } from "../contracts/harness.ts";
import { flatEvent } from "../helpers/knowledge.ts";

/** A queue that can be cut off, as Redis can. */
export function cutOffQueue() {
  const logs: any[] = [];
  const logger = pino({}, { write: (line: string) => logs.push(JSON.parse(line)) });
  const queue = createEmbeddedKnowledgeQueue({ logger, now: Date.now });
  const refusals = callCounter();
  const state = { isAway: true };
  const add: KnowledgeQueue["add"] = async (event, digest) => {
    if (event.eventId === "bug") throw new Error("a bug");
    if (!state.isAway) return queue.add(event, digest);
    refusals.call();
    throw new BackendUnavailableError(new Error("away"));
  };
  return { queue, intake: createIntake({ ...queue, add }, logger), state, refusals, logs };
}

/** An event as it is heard on a channel. */
export const heard = (fields: Record<string, unknown> = {}) => ({
  channel: "dwp:events:mail",
  payload: JSON.stringify(flatEvent(fields)),
});
