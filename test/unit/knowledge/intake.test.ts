import { pino } from "pino";
import { expect, test } from "vitest";
import { createEmbeddedKnowledgeQueue } from "../../../src/adapters/embedded/knowledge-queue.ts";
import { BackendUnavailableError } from "../../../src/errors.ts";
import { createIntake } from "../../../src/knowledge/intake.ts";
import type { KnowledgeQueue } from "../../../src/ports/knowledge-queue.ts";
import { callCounter, range } from "../../contracts/harness.ts";
import { BATCH, knowledgeWorker } from "../../contracts/knowledge-queue.ts";
import { anEvent } from "../../helpers/knowledge.ts";

/** A queue that can be cut off, as Redis can. */
function cutOffQueue() {
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

test("what was heard while the queue was away is taken in when it is back, in order; a bug costs one event", async () => {
  const { queue, intake, state, refusals, logs } = cutOffQueue();
  const { handler, done, dones } = knowledgeWorker();
  queue.work(handler, BATCH);
  const ids = range(200).map((at) => `e${at}`);
  for (const eventId of ["bug", ...ids]) intake.offer(anEvent({ eventId }), "d");
  await refusals.reached(63);
  state.isAway = false;
  await dones.reached(200);
  expect(done).toEqual(ids);
  await intake.close();
  await queue.close();
  expect(logs.map(({ msg, eventId }) => [msg, eventId])).toEqual([["event could not be taken in", "bug"]]);
});

test("what cannot be held is counted, and so is what is left at the end", async () => {
  const { queue, intake, refusals, logs } = cutOffQueue();
  for (const _ of range(10_100)) intake.offer(anEvent(), "d");
  await refusals.reached(64);
  await intake.close();
  intake.offer(anEvent(), "d");
  await queue.close();
  expect(logs.map(({ msg, lost }) => [msg, lost])).toEqual([
    ["events were lost: Redis was out of reach", 10_100],
  ]);
});
