import type { StoredEvent } from "@aura-platform/contract/events.ts";
import { formatEventId, parseEventId } from "@aura-platform/contract/ids.ts";
import type { RunStatus } from "@aura-platform/contract/run-status.ts";
import { expect, test } from "vitest";
import { createEmbeddedEventLog } from "../../src/adapters/embedded/event-log.ts";
import { EventLogGoneError } from "../../src/ports/event-log.ts";
import { isTerminal, mayBecome } from "../../src/records/run.ts";
import { followRun, type RunEvents } from "../../src/runs/follow.ts";

const event = (seq: number): StoredEvent => ({
  seq,
  at: 0,
  event: { type: "content", data: { content: `${seq}`, format: "markdown", messageId: "m" } },
});

const collect = async (pages: AsyncIterable<RunEvents>) => {
  const seqs: number[] = [];
  for await (const { events } of pages) seqs.push(...events.map(({ seq }) => seq));
  return seqs;
};

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

test("followers that join at any moment see every event once and in order", async () => {
  const log = createEmbeddedEventLog();
  const open = new AbortController().signal;
  const followers = [collect(followRun(log, "r", 0, open))];
  for (let seq = 1; seq <= 700; seq += 1) {
    await log.append("r", [event(seq)]);
    if (seq % 100 === 0) followers.push(collect(followRun(log, "r", 0, open)));
  }
  followers.push(collect(followRun(log, "r", 0, open)));
  await log.close("r");
  for (const seen of await Promise.all(followers)) expect(seen).toEqual(upTo(700));
});

test("following from a position yields what comes after it", async () => {
  const log = createEmbeddedEventLog();
  await log.append("r", upTo(10).map(event));
  await log.close("r");
  expect(await collect(followRun(log, "r", 7, new AbortController().signal))).toEqual([8, 9, 10]);
  expect(await collect(followRun(log, "r", 10, new AbortController().signal))).toEqual([]);
});

test("a follower whose log is deleted is told so: nobody would ever end it", async () => {
  const log = createEmbeddedEventLog();
  await log.append("r", [event(1)]);
  const pages = followRun(log, "r", 0, new AbortController().signal);
  await pages.next();
  const waiting = expect(pages.next()).rejects.toThrow(EventLogGoneError);
  log.forget("r");
  await waiting;
});

test("an abort ends a follower that waits, and one that never began to", async () => {
  const log = createEmbeddedEventLog();
  await log.append("r", [event(1)]);
  const leave = new AbortController();
  const pages = followRun(log, "r", 0, leave.signal);
  expect((await pages.next()).value).toMatchObject({ runId: "r", events: [{ seq: 1 }] });
  const waiting = pages.next();
  leave.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(await collect(followRun(log, "r", 0, AbortSignal.abort()))).toEqual([]);
});

test("an event id names a run and a place in it; nothing else is one", () => {
  expect(parseEventId(formatEventId("run-1", 0))).toEqual({ runId: "run-1", seq: 0 });
  for (const text of [
    "",
    "run-1",
    "run-1:",
    "run-1:-1",
    "run-1:01",
    "run-1:1.5",
    "a:b:1",
    ":1",
    "1706152860123456",
    "r:1\n",
  ]) {
    expect(parseEventId(text)).toBeNull();
  }
});

test("a run's states: queued -> running -> (waiting -> running)* -> the end, and no way back", () => {
  const all: RunStatus[] = ["queued", "running", "waiting", "completed", "failed", "cancelled"];
  const ways = all.flatMap((from) => all.filter((to) => mayBecome(from, to)).map((to) => `${from}>${to}`));
  expect(ways).toEqual([
    "queued>running",
    "queued>failed",
    "queued>cancelled",
    "running>waiting",
    "running>completed",
    "running>failed",
    "running>cancelled",
    "waiting>running",
    "waiting>failed",
    "waiting>cancelled",
  ]);
  for (const status of all.filter(isTerminal)) expect(all.some((to) => mayBecome(status, to))).toBe(false);
});
