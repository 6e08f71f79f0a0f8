import { setTimeout as delay } from "node:timers/promises";
import { eventsOf, isEnd, openStream } from "../helpers/sse-client.ts";
import { headersOf } from "../helpers/stack.ts";
import { type StubbornClient, startClient } from "./client.ts";
import type { Fleet } from "./fleet.ts";
import { FAULTS, type Injected, injectFault } from "./inject.ts";
import { ENDINGS, type Ending, type Evidence, judge, type Outcome } from "./judge.ts";
import { auditDiffers } from "./last-words.ts";
import {
  createSignalNetwork,
  decideAtMain,
  publishSignal,
  SIGNAL_FAULTS,
  type Verdict,
} from "./main-service.ts";
import { type Random, seeded } from "./seeded.ts";

/** Runs that end by expiry need approvals that do not live long. */
export interface Fleets {
  lasting: Fleet;
  expiring: Fleet;
}

/** Long enough for several recoveries; a run that takes longer is stuck, and that is a violation. */
const PATIENCE_MS = 180_000;

/** What the model does with the answer, as model.ts reads it from the prompt. */
const AFTERWARDS: Partial<Record<Ending, string>> = Object.freeze({
  "model fails": " fails",
  "stop the answer": " slowly",
});

interface Play {
  fleet: Fleet;
  random: Random;
  client: StubbornClient;
  threadId: string;
  ending: Ending;
  giveUp: AbortSignal;
  decisions: Map<string, Verdict>;
}

/** What the seed says about its run. */
export function plotOf(seed: number) {
  const random = seeded(seed);
  const fault = random.pick(FAULTS);
  const ending = random.pick(ENDINGS);
  const least = fault === "kill inside the send, others waiting" ? 2 : 1;
  const mails = Math.max(least, random.pick([1, 1, 2, 3, 8]));
  return { random, fault, ending, mails };
}

/** One run of one thread, with one fault, everything drawn from the seed. */
export async function runScenario(fleets: Fleets, seed: number): Promise<Outcome> {
  const { random, fault, ending, mails } = plotOf(seed);
  const fleet = ending === "expire" ? fleets.expiring : fleets.lasting;
  const began = Date.now();
  const subjects = Array.from({ length: mails }, (_, index) => `s${seed}-${index}`);
  const giveUp = AbortSignal.timeout(PATIENCE_MS);
  const threadId = `faults-${seed}-${process.pid}`;
  const body = { prompt: `mails ${subjects.join(",")}${AFTERWARDS[ending] ?? ""}`, threadId };
  const client = startClient(fleet.apis, random, body, `key-${threadId}`, giveUp);
  const decisions: Evidence["decisions"] = new Map();
  const play = { fleet, random, client, threadId, ending, giveUp, decisions };
  const injected = injectFault(fleet, fault, random, client, threadId);
  const violations: string[] = [];
  try {
    await decideAll(play, injected, subjects.length);
    // A crash may make the answer come so late that there is nothing to stop any more.
    if (ending === "stop the answer") await client.first(({ type }) => type === "content").catch(() => {});
    if (ending !== "decide" && ending !== "expire" && ending !== "model fails") await endEarly(play);
    await client.done;
    if (ending === "expire") violations.push(...(await approveLate(play)));
  } catch (error) {
    violations.push(`stuck: ${error instanceof Error ? error.message : error}`);
  } finally {
    injected.decided();
    await injected.repaired();
  }
  if (violations.length === 0) violations.push(...(await compareWithLog(fleet, client, random)));
  if (violations.length === 0)
    violations.push(...(await auditDiffers(fleet, threadId, client.events, giveUp)));
  return judge({ fleet, client, seed, fault, ending, subjects, decisions, violations, began });
}

/** Decides every approval as it is asked, in any order; with another ending only some of them. */
async function decideAll(play: Play, injected: Injected, count: number): Promise<void> {
  const { fleet, client, random, ending, decisions } = play;
  await client.first(() => client.events.filter(({ type }) => type === "hitl").length >= count);
  await injected.beforeDecisions;
  const asked = random.shuffled(client.events.filter(({ type }) => type === "hitl"));
  const leavesSome = ending === "supersede" || ending === "cancel" || ending === "expire";
  const leave = leavesSome ? random.between(1, count) : 0;
  const network = createSignalNetwork(random);
  for (const [index, { data }] of asked.slice(leave).entries()) {
    const isApproved = random.chance(0.7) || (index === 0 && injected.approvesFirst);
    const verdict = isApproved ? "approved" : "rejected";
    const fault = random.pick(SIGNAL_FAULTS);
    const publish = await decideAtMain(fleet.main, data.requestId, verdict);
    if (publish !== null) {
      decisions.set(data.context.subject, verdict);
      await network.send(publish, fault);
    }
    if (random.chance(0.5)) await delay(random.between(0, 100));
    if (index === 0) await injected.afterFirst;
  }
  injected.decided();
  await network.flush();
}

/** A new prompt, or a cancel, sent until the service has taken it. */
async function endEarly({ fleet, client, random, ending, threadId, giveUp }: Play): Promise<void> {
  while (!giveUp.aborted) {
    const url = random.pick(fleet.apis).url;
    const sent = ending !== "supersede" ? cancel(url, client.runId() ?? "") : prompt(url, threadId, giveUp);
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

/** Approves what has expired: Main Service must refuse it, and the service must ignore a signal that says so all the same. */
async function approveLate({ fleet, client, threadId, giveUp, decisions }: Play): Promise<string[]> {
  const violations: string[] = [];
  for (const { type, data } of client.events) {
    if (type !== "hitl" || decisions.has(data.context.subject)) continue;
    if ((await decideAtMain(fleet.main, data.requestId, "approved")) !== null) {
      violations.push(`${data.context.subject} could still be approved after its run was over`);
    }
    // Until a worker that lives has heard it.
    while (!fleet.hasIgnored(data.requestId)) {
      giveUp.throwIfAborted();
      await publishSignal(fleet.main, threadId, data.requestId, "approved");
      await delay(20);
    }
  }
  return violations;
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
    const url = `${random.pick(fleet.apis).url}/aura/runs/${runId}/stream`;
    const frames = await openStream(url, { headers: await headersOf() })
      .then((stream) => stream.ended)
      .catch(() => []);
    if (frames.slice(-1).some(isEnd)) {
      return eventsOf(frames).map(({ id, type, data }) => `${id} ${JSON.stringify({ type, data })}`);
    }
    await delay(100);
  }
  return [];
}
