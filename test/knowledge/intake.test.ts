import { pino } from "pino";
import { expect, test } from "vitest";
import { createIntake } from "../../src/knowledge/intake.ts";
import type { KnowledgeQueue } from "../../src/ports/knowledge-queue.ts";
import { range } from "../contracts/harness.ts";
import { BATCH, knowledgeWorker } from "../contracts/knowledge-queue.ts";
import { cutOffQueue, heard } from "./cut-off-queue.ts";

const createIntakeOf = (queue: KnowledgeQueue, onAdd: () => void) =>
  createIntake(
    {
      async add(event, digest) {
        onAdd();
        return queue.add(event, digest);
      },
    },
    pino({ level: "silent" }),
  );

test("what was heard while the queue was away is taken in when it is back, in order; a bug costs one event", async () => {
  const { queue, intake, state, refusals, logs } = cutOffQueue();
  const { handler, done, dones } = knowledgeWorker();
  queue.work(handler, BATCH);
  const ids = range(200).map((at) => `e${at}`);
  for (const eventId of ["bug", ...ids]) intake.offer(heard({ eventId }));
  // The first chunk is what was there when it began; the bug's came before it.
  await refusals.reached(16);
  state.isAway = false;
  await dones.reached(200);
  expect(done).toEqual(ids);
  await intake.close();
  await queue.close();
  expect(logs.map(({ msg, eventId }) => [msg, eventId])).toEqual([["event could not be taken in", "bug"]]);
});

test("what cannot be held is counted, and so is what is left at the end", async () => {
  const { queue, intake, refusals, logs } = cutOffQueue();
  const one = heard();
  for (const _ of range(100_100)) intake.offer(one);
  await refusals.reached(1);
  await intake.close();
  intake.offer(heard());
  await queue.close();
  expect(logs.map(({ msg, lost }) => [msg, lost])).toEqual([
    ["events were lost: Redis was out of reach", 100_100],
  ]);
});

test("a burst leaves the process its turns: what else it has to do is not kept waiting for all of it", async () => {
  const { queue, intake, state } = cutOffQueue();
  state.isAway = false;
  let added = 0;
  let others = 0;
  const end = Promise.withResolvers<void>();
  const counted = createIntakeOf(queue, () => {
    added += 1;
    if (added === 1_000) end.resolve();
  });
  const turn = () => {
    others += 1;
    if (added < 1_000) setImmediate(turn);
  };
  for (const _ of range(1_000)) counted.offer(heard());
  setImmediate(turn);
  await end.promise;
  expect(others).toBeGreaterThan(30);
  await Promise.all([intake.close(), counted.close(), queue.close()]);
});
