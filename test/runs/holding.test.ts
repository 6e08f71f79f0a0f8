import { once } from "node:events";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { createEmbeddedThreadLeases } from "../../src/adapters/embedded/thread-lease.ts";
import { createHolding } from "../../src/runs/holding.ts";
import { callCounter } from "../contracts/harness.ts";
import { startStage } from "./stage.ts";

const TTL_MS = 30;

/** Leases on a clock that stands still until a test moves it; they are prolonged every 10 ms of real time. */
function stand() {
  const clock = { now: 0 };
  const leases = createEmbeddedThreadLeases(() => clock.now);
  const renewals = callCounter();
  let answers = true;
  const renew: typeof leases.renew = async (held, ttlMs) => {
    renewals.call();
    if (!answers) throw new Error("the backend is away");
    return leases.renew(held, ttlMs);
  };
  const holding = createHolding({ ...leases, renew }, TTL_MS, pino({ level: "silent" }), () => clock.now);
  onTestFinished(holding.close);
  return {
    clock,
    leases,
    holding,
    more: () => renewals.reached(renewals.count() + 2),
    fall: () => {
      answers = false;
    },
  };
}

test("a lease that somebody else has by now is lost, and a lease that is prolonged is not", async () => {
  const { clock, leases, holding, more } = stand();
  const [lost, kept] = [await holding.take("lost"), await holding.take("kept")];
  await leases.release("lost", lost?.holder ?? "", TTL_MS);
  await leases.acquire("lost", "somebody else", 10 * TTL_MS);
  await once(lost?.lost ?? new EventTarget(), "abort");
  await more();
  clock.now = TTL_MS - 1;
  await more();
  clock.now += TTL_MS - 1;
  await more();
  expect(kept?.lost.aborted).toBe(false);
  expect(await kept?.release()).toBe(true);
  // There is nothing left to give back.
  expect(await lost?.release()).toBe(true);
  expect(leases.isHeldBy("lost", "somebody else")).toBe(true);
});

test("while the backend does not answer, a lease is lost at the end of its confirmed time, and not before", async () => {
  const { clock, holding, more, fall } = stand();
  const hold = await holding.take("t");
  fall();
  clock.now = TTL_MS - 1;
  await more();
  expect(hold?.lost.aborted).toBe(false);
  clock.now = TTL_MS;
  await once(hold?.lost ?? new EventTarget(), "abort");
});

test("a thread is looked at again when somebody came while it was worked on", async () => {
  let looks = 0;
  const stage = await startStage({
    script: [],
    watched: (backend) => ({
      ...backend,
      threads: {
        ...backend.threads,
        async thread(threadId) {
          looks += 1;
          if (looks === 1) expect(await backend.leases.acquire(threadId, "somebody else", 1_000)).toBe(false);
          return backend.threads.thread(threadId);
        },
      },
    }),
  });
  onTestFinished(stage.close);
  await stage.work("t");
  expect(looks).toBe(2);
  expect(await stage.backend.leases.acquire("t", "the next one", 1_000)).toBe(true);
});
