import { setTimeout as delay } from "node:timers/promises";
import { openStream } from "../helpers/sse-client.ts";
import { headersOf } from "../helpers/stack.ts";
import { type Seen, type StubbornClient, startClient } from "./client.ts";
import type { Fleet, Instance } from "./fleet.ts";
import { decideAtMain, SIGNAL_FAULTS } from "./main-service.ts";
import { type Random, seeded } from "./seeded.ts";

export const FAULTS = [
  "none",
  "kill any time",
  "kill inside the send",
  "kill after a decision",
  "cut network",
  "network away",
  "slow network",
  "redis restart",
] as const;
export type Fault = (typeof FAULTS)[number];

export const ENDINGS = ["decide", "decide", "decide", "supersede", "cancel"] as const;
export type Ending = (typeof ENDINGS)[number];

export interface Outcome {
  seed: number;
  fault: Fault;
  ending: Ending;
  mails: number;
  /** How the run ended: `done`, or its error's code. */
  end: string;
  delivered: number;
  unknown: number;
  /** What must never be; empty when all is well. */
  violations: string[];
  /** What the client saw, for the report of a violation. */
  seen: string[];
}

/** Long enough for several recoveries; a run that takes longer is stuck, and that is a violation. */
const PATIENCE_MS = 90_000;

/** One run of one thread, with one fault, everything drawn from the seed. */
export async function runScenario(fleet: Fleet, seed: number): Promise<Outcome> {
  const random = seeded(seed);
  const fault = random.pick(FAULTS);
  const ending = random.pick(ENDINGS);
  const subjects = Array.from({ length: random.pick([1, 1, 2, 3, 8]) }, (_, index) => `s${seed}-${index}`);
  const giveUp = AbortSignal.timeout(PATIENCE_MS);
  const threadId = `faults-${seed}-${process.pid}`;
  const key = `key-${threadId}`;
  const body = { prompt: `mails ${subjects.join(",")}`, threadId };
  const client = startClient(fleet.instances, random, body, key, giveUp);
  const decisions = new Map<string, "approved" | "rejected">();
  const repair = injectFault(fleet, fault, random, client);
  const violations: string[] = [];
  try {
    await decideAll(fleet, client, random, ending, decisions, subjects.length);
    if (ending !== "decide") await endEarly(fleet, client, random, ending, threadId, giveUp);
    await client.done;
  } catch (error) {
    violations.push(`stuck: ${error instanceof Error ? error.message : error}`);
  } finally {
    await repair();
  }
  if (violations.length === 0) violations.push(...(await compareWithLog(fleet, client, random)));
  return judge({ fleet, client, seed, fault, ending, subjects, decisions, violations });
}

/** Decides every approval as it is asked, in any order; with an early ending only some of them. */
async function decideAll(
  fleet: Fleet,
  client: StubbornClient,
  random: Random,
  ending: Ending,
  decisions: Map<string, "approved" | "rejected">,
  count: number,
): Promise<void> {
  await client.first(() => client.events.filter(({ type }) => type === "hitl").length >= count);
  const asked = random.shuffled(client.events.filter(({ type }) => type === "hitl"));
  const leave = ending === "decide" ? 0 : random.between(1, count);
  for (const { data } of asked.slice(leave)) {
    const approve = random.chance(0.7);
    const subject: string = data.context.subject;
    const fault = random.pick(SIGNAL_FAULTS);
    if (await decideAtMain(fleet.main, data.requestId, approve, fault, random)) {
      decisions.set(subject, approve ? "approved" : "rejected");
    }
    if (random.chance(0.5)) await delay(random.between(0, 100));
  }
}

/** A new prompt, or a cancel, sent until the service has taken it. */
async function endEarly(
  fleet: Fleet,
  client: StubbornClient,
  random: Random,
  ending: Ending,
  threadId: string,
  giveUp: AbortSignal,
): Promise<void> {
  while (!giveUp.aborted) {
    const url = random.pick(fleet.instances).url;
    const sent = ending === "cancel" ? cancel(url, client.runId() ?? "") : prompt(url, threadId, giveUp);
    if (await sent.catch(() => false)) return;
    await delay(100);
  }
}

async function cancel(url: string, runId: string): Promise<boolean> {
  const { "content-type": _, ...headers } = await headersOf();
  const { status } = await fetch(`${url}/aura/runs/${runId}/cancel`, { method: "POST", headers });
  return status === 200 || status === 409;
}

async function prompt(url: string, threadId: string, giveUp: AbortSignal): Promise<boolean> {
  const stream = await openStream(`${url}/aura/test/stream`, {
    method: "POST",
    headers: await headersOf(),
    body: JSON.stringify({ prompt: "never mind", threadId }),
    signal: giveUp,
  });
  const { status } = stream.response;
  stream.close();
  await stream.ended.catch(() => {});
  return status === 200;
}

/** Sets the fault off; the returned function waits until it has happened and puts everything right again. */
function injectFault(
  fleet: Fleet,
  fault: Fault,
  random: Random,
  client: StubbornClient,
): () => Promise<void> {
  const victim = random.pick(fleet.instances);
  const wait = random.between(0, 1_200);
  const restart = (instance: Instance) => instance.restart(random.between(0, 500));
  const happen = async (): Promise<void> => {
    switch (fault) {
      case "none":
        return;
      case "kill any time":
        await delay(wait);
        return restart(victim);
      case "kill inside the send":
        return killInsideSend(fleet, restart, client);
      case "kill after a decision":
        await client.first(({ type }) => type === "hitl").catch(() => {});
        await delay(random.between(0, 30));
        return restart(victim);
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
  };
  const happened = happen();
  happened.catch(() => {});
  return () => happened;
}

/** Kills every worker while one of them waits for the mail server's receipt: nobody knows which one it is. */
async function killInsideSend(
  fleet: Fleet,
  restart: (instance: Instance) => Promise<void>,
  client: StubbornClient,
): Promise<void> {
  fleet.mails.hold(300);
  const content = new Promise<void>((resolve) => {
    const stop = fleet.mails.onContent(() => {
      stop();
      resolve();
    });
  });
  await Promise.race([content, client.done.catch(() => {})]);
  await Promise.all(fleet.instances.map(restart));
  fleet.mails.hold(0);
}

async function compareWithLog(fleet: Fleet, client: StubbornClient, random: Random): Promise<string[]> {
  const violations: string[] = [];
  const seqs = client.events.map(({ id }) => Number(id.split(":")[1]));
  if (seqs.some((seq, index) => seq !== index + 1)) violations.push(`stream has gaps or duplicates: ${seqs}`);
  const log = await storedLog(fleet, client.runId() ?? "", random);
  const seen = client.events.map(({ id, type, data }) => `${id} ${JSON.stringify({ type, data })}`);
  if (JSON.stringify(log) !== JSON.stringify(seen)) violations.push("stream differs from the log");
  return violations;
}

/** The run's whole log, from an instance that lives long enough to send it. */
async function storedLog(fleet: Fleet, runId: string, random: Random): Promise<string[]> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  while (!patience.aborted) {
    const url = `${random.pick(fleet.instances).url}/aura/runs/${runId}/stream`;
    const frames = await openStream(url, { headers: await headersOf() })
      .then((stream) => stream.ended)
      .catch(() => []);
    if (frames.at(-1)?.data === "[DONE]") {
      return frames.filter(({ event }) => event !== undefined).map(({ id, data }) => `${id} ${data}`);
    }
    await delay(100);
  }
  return [];
}

interface Evidence {
  fleet: Fleet;
  client: StubbornClient;
  seed: number;
  fault: Fault;
  ending: Ending;
  subjects: string[];
  decisions: Map<string, "approved" | "rejected">;
  violations: string[];
}

/** The two invariants, mail by mail. */
function judge(evidence: Evidence): Outcome {
  const { fleet, client, seed, fault, ending, subjects, decisions, violations } = evidence;
  let unknown = 0;
  for (const subject of subjects) {
    const times = fleet.mails.delivered(subject);
    const told = lastToolEvent(client.events, subject);
    const isUnknown = told?.data.status === "failed" && /unknown|알 수 없/.test(String(told.data.result));
    if (isUnknown) unknown += 1;
    if (times > 1) violations.push(`${subject} was delivered ${times} times`);
    if (decisions.get(subject) !== "approved") {
      if (times > 0)
        violations.push(`${subject} was ${decisions.get(subject) ?? "never approved"} and delivered`);
    } else if (ending === "decide" && times === 0 && !isUnknown) {
      violations.push(`${subject} was approved and neither delivered nor reported as unknown`);
    } else if (ending === "decide" && told?.data.status !== "completed" && !isUnknown) {
      violations.push(`${subject} was approved, and the client was told ${told?.data.status}`);
    }
  }
  const last = client.events.at(-1);
  const end = last?.type === "error" ? last.data.errorCode : "done";
  const expected = ending === "decide" ? ["done"] : ["E3002", "done"];
  if (!expected.includes(end)) violations.push(`ended with ${end}`);
  const seen = client.events.map(
    ({ id, type, data }) => `${id.split(":")[1]} ${JSON.stringify({ type, data })}`,
  );
  const delivered = subjects.filter((subject) => fleet.mails.delivered(subject) > 0).length;
  return { seed, fault, ending, mails: subjects.length, end, delivered, unknown, violations, seen };
}

function lastToolEvent(events: readonly Seen[], subject: string): Seen | undefined {
  return events.findLast(
    ({ type, data }) => type === "tool_execution" && data.parameters?.subject === subject,
  );
}
