import { expect, test } from "vitest";
import { range } from "../contracts/harness.ts";
import { BATCH, knowledgeWorker } from "../contracts/knowledge-queue.ts";
import { cutOffQueue, heard } from "./cut-off-queue.ts";

test("large events are held up to a number of characters, and no more", async () => {
  const { queue, intake, state, refusals, logs } = cutOffQueue();
  const { handler, dones } = knowledgeWorker();
  queue.work(handler, BATCH);
  const large = heard({ subject: "x".repeat(900_000) });
  const held = Math.floor(64_000_000 / large.payload.length);
  for (const at of range(100)) {
    intake.offer({ ...large, payload: large.payload.replace("event-", `event-${at}-`) });
  }
  await refusals.reached(1);
  state.isAway = false;
  await dones.reached(held);
  await intake.close();
  await queue.close();
  expect(logs.map(({ msg }) => msg)).toEqual(["events were lost: Redis was out of reach"]);
  expect(logs[0].lost).toBeGreaterThanOrEqual(100 - held);
  expect(logs[0].lost).toBeLessThanOrEqual(100 - held + 1);
});
