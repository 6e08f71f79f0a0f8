import { setTimeout as delay } from "node:timers/promises";
import type { StubbornClient } from "./client.ts";
import { type Fleet, type Instance, LEASE_MS } from "./fleet.ts";
import type { Random } from "./seeded.ts";

export const FAULTS = [
  "none",
  "kill any time",
  "kill inside the send",
  "kill inside the send, others waiting",
  "kill after a decision",
  "kill between decision and job",
  "decided with nobody there",
  "freeze any time",
  "freeze inside the send",
  "cut network",
  "network away",
  "slow network",
  "redis restart",
] as const;
export type Fault = (typeof FAULTS)[number];

/** A fault on its way. */
export interface Injected {
  /** Resolves when the first decision may be made. */
  beforeDecisions: Promise<unknown>;
  /** Resolves when the other decisions may be made; the first one is an approval if `approvesFirst`. */
  afterFirst: Promise<unknown>;
  approvesFirst: boolean;
  /** To be called when all decisions have been made. */
  decided(): void;
  /** Waits until it has happened, and everything is right again. */
  repaired(): Promise<void>;
}

interface Scene {
  fleet: Fleet;
  random: Random;
  client: StubbornClient;
  threadId: string;
  /** Each resolves as its name says. */
  gates: {
    ready: PromiseWithResolvers<void>;
    struck: PromiseWithResolvers<void>;
    decided: PromiseWithResolvers<void>;
  };
}

/** Sets the fault off. */
export function injectFault(
  fleet: Fleet,
  fault: Fault,
  random: Random,
  client: StubbornClient,
  threadId: string,
): Injected {
  const gate = () => Promise.withResolvers<void>();
  const scene = {
    fleet,
    random,
    client,
    threadId,
    gates: { ready: gate(), struck: gate(), decided: gate() },
  };
  const { ready, struck, decided } = scene.gates;
  const happened = happen(fault, scene).finally(() => {
    ready.resolve();
    struck.resolve();
  });
  happened.catch(() => {});
  const waits = fault === "kill between decision and job" || fault === "decided with nobody there";
  const approvesFirst = fault === "kill inside the send, others waiting";
  return {
    beforeDecisions: waits ? ready.promise : Promise.resolve(),
    afterFirst: approvesFirst ? struck.promise : Promise.resolve(),
    approvesFirst,
    decided: decided.resolve,
    repaired: () => happened,
  };
}

async function happen(fault: Fault, scene: Scene): Promise<void> {
  const { fleet, random, client } = scene;
  const wait = random.between(0, 1_200);
  const victim = random.pick(fleet.instances);
  // Longer than the lease, so that somebody else goes on meanwhile.
  const freezeMs = LEASE_MS + random.between(500, 2_000);
  const restart = (instance: Instance) => instance.restart(() => delay(random.between(0, 500)));
  switch (fault) {
    case "none":
      return;
    case "kill any time":
      await delay(wait);
      return restart(victim);
    case "kill inside the send":
    case "kill inside the send, others waiting":
      await insideSend(scene);
      // Nobody knows which of them it is.
      await Promise.all(fleet.workers.map(restart));
      return fleet.mails.hold(0);
    case "kill after a decision":
      await client.first(({ type }) => type === "hitl").catch(() => {});
      await delay(random.between(0, 30));
      return restart(victim);
    case "kill between decision and job":
      return killBeforeJob(scene);
    case "decided with nobody there":
      return killUntilDecided(scene);
    case "freeze any time":
      await delay(wait);
      return victim.freeze(freezeMs);
    case "freeze inside the send":
      await insideSend(scene);
      fleet.mails.hold(0);
      return random.pick(fleet.workers).freeze(freezeMs);
    case "cut network":
      await delay(wait);
      return fleet.proxy.cut();
    case "network away":
      await delay(wait);
      fleet.proxy.block();
      await delay(random.between(200, 3_000));
      return fleet.proxy.heal();
    case "slow network":
      fleet.proxy.slow(random.between(5, 60));
      await delay(2_000);
      return fleet.proxy.heal();
    case "redis restart":
      await delay(wait);
      return fleet.restartRedis();
  }
}

/** Resolves while a worker waits for the mail server's receipt, or when there is nothing to wait for any more. */
async function insideSend({ fleet, client }: Scene): Promise<void> {
  fleet.mails.hold(300);
  const content = new Promise<void>((resolve) => {
    const stop = fleet.mails.onContent(() => {
      stop();
      resolve();
    });
  });
  await Promise.race([content, client.done.catch(() => {})]);
}

/** Kills every worker that has stored a decision of this thread, while none of them can enqueue the job that follows. */
async function killBeforeJob({ fleet, random, client, threadId, gates }: Scene): Promise<void> {
  await client.first(({ type }) => type === "hitl").catch(() => {});
  fleet.proxy.hold("aura-queue");
  gates.ready.resolve();
  const isDecided = async () => {
    const ids = await fleet.main.smembers(`aura:approvals:${threadId}`);
    const statuses = await Promise.all(ids.map((id) => fleet.main.hget(`aura:approval:${id}`, "status")));
    return statuses.some((status) => status !== "pending");
  };
  const over = client.done.then(
    () => true,
    () => true,
  );
  while (!(await isDecided()) && !(await Promise.race([over, delay(5)])));
  await restartAll(fleet, async () => {
    // What the dead had written is not delivered any more.
    fleet.proxy.heal();
    await delay(random.between(0, 500));
  });
}

/** Keeps every worker down until all decisions have been made: their signals meet no subscriber. */
async function killUntilDecided({ fleet, client, gates }: Scene): Promise<void> {
  await client.first(({ type }) => type === "hitl").catch(() => {});
  await restartAll(fleet, () => {
    gates.ready.resolve();
    return Promise.race([gates.decided.promise, client.done.catch(() => {}), delay(10_000)]);
  });
}

/** Kills all workers, and starts them again once `whileDown`, called when all of them are down, has resolved. */
async function restartAll({ workers }: Fleet, whileDown: () => Promise<unknown>): Promise<void> {
  const allDown = Promise.withResolvers<void>();
  const over = allDown.promise.then(whileDown);
  let down = 0;
  const restarts = workers.map((worker) =>
    worker.restart(() => {
      down += 1;
      if (down === workers.length) allDown.resolve();
      return over;
    }),
  );
  await Promise.all(restarts);
}
