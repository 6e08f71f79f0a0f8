import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type EventLog, EventLogClosedError, EventLogConflictError } from "../../src/ports/event-log.ts";
import { awkwardContext, callCounter, hostileIds, type MakeHarness, range, someEvents } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

/** What every EventLog must do. */
export function eventLogContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} event log`, () => {
    let log: EventLog;
    let other: EventLog;
    withHarness(makeHarness, (harness) => {
      log = harness.backends[0].eventLog;
      other = harness.backends[1].eventLog;
    });

    it("reads an unknown run as an empty, open log", async () => {
      const run = randomUUID();
      expect(await log.read(run, 0, 10)).toEqual({ events: [], ended: false });
      expect(await log.tail(run)).toEqual({ lastSeq: 0, closed: false });
    });

    it("gives back in pages what was appended", async () => {
      const run = randomUUID();
      const events = someEvents(1, 5);
      await log.append(run, events.slice(0, 2));
      await other.append(run, events.slice(2));
      expect(await log.read(run, 0, 100)).toEqual({ events, ended: false });
      expect(await log.read(run, 0, 5)).toEqual({ events, ended: false });
      expect(await log.read(run, 1, 2)).toEqual({ events: events.slice(1, 3), ended: false });
      expect(await log.read(run, 5, 2)).toEqual({ events: [], ended: false });
      expect(await log.tail(run)).toEqual({ lastSeq: 5, closed: false });
    });

    it("says that it has ended on the page after which nothing follows", async () => {
      const run = randomUUID();
      const events = someEvents(1, 4);
      await log.append(run, events);
      await log.close(run);
      await other.close(run);
      expect(await log.tail(run)).toEqual({ lastSeq: 4, closed: true });
      expect(await log.read(run, 0, 2)).toEqual({ events: events.slice(0, 2), ended: false });
      expect(await log.read(run, 0, 3)).toEqual({ events: events.slice(0, 3), ended: false });
      expect(await log.read(run, 0, 4)).toEqual({ events, ended: true });
      expect(await log.read(run, 2, 2)).toEqual({ events: events.slice(2), ended: true });
      expect(await log.read(run, 2, 50)).toEqual({ events: events.slice(2), ended: true });
      expect(await log.read(run, 4, 50)).toEqual({ events: [], ended: true });
      expect(await log.read(run, 9, 50)).toEqual({ events: [], ended: true });
    });

    it("closes an empty log", async () => {
      const run = randomUUID();
      await log.close(run);
      expect(await log.read(run, 0, 10)).toEqual({ events: [], ended: true });
      expect(await log.read(run, 7, 10)).toEqual({ events: [], ended: true });
      expect(await log.tail(run)).toEqual({ lastSeq: 0, closed: true });
      await expect(log.append(run, someEvents(1, 1))).rejects.toThrow(EventLogClosedError);
    });

    it("takes nothing in after it was closed", async () => {
      const run = randomUUID();
      await log.append(run, someEvents(1, 2));
      await log.close(run);
      await expect(other.append(run, someEvents(3, 1))).rejects.toThrow(EventLogClosedError);
      await expect(other.append(run, someEvents(1, 1))).rejects.toThrow(EventLogClosedError);
      expect(await log.tail(run)).toEqual({ lastSeq: 2, closed: true });
    });

    it.each([
      ["begins too late", someEvents(4, 2)],
      ["begins with what is stored", someEvents(2, 2)],
      ["has a gap", [...someEvents(3, 2), ...someEvents(6, 1)]],
      ["repeats itself", [...someEvents(3, 1), ...someEvents(3, 1)]],
    ])("stores nothing of a batch that %s", async (_, batch) => {
      const run = randomUUID();
      await log.append(run, someEvents(1, 2));
      await expect(log.append(run, batch)).rejects.toThrow(EventLogConflictError);
      expect(await log.tail(run)).toEqual({ lastSeq: 2, closed: false });
      await log.append(run, someEvents(3, 1));
    });

    it("ignores an empty batch", async () => {
      const run = randomUUID();
      await log.append(run, []);
      expect(await log.tail(run)).toEqual({ lastSeq: 0, closed: false });
    });

    it("lets one of two writers win", async () => {
      for (const _ of range(20)) {
        const run = randomUUID();
        const results = await Promise.allSettled([
          log.append(run, someEvents(1, 3, "mine")),
          other.append(run, someEvents(1, 2, "theirs")),
        ]);
        const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
        expect(refused).toEqual([expect.any(EventLogConflictError)]);
        const { events } = await log.read(run, 0, 10);
        expect([someEvents(1, 3, "mine"), someEvents(1, 2, "theirs")]).toContainEqual(events);
      }
    });

    it("takes in more events at once than Lua takes arguments", async () => {
      const run = randomUUID();
      const events = someEvents(1, 10_000);
      await log.append(run, events);
      expect(await log.read(run, 0, 10_000)).toEqual({ events, ended: false });
    });

    it("gives back any JSON unchanged, and nobody can change it", async () => {
      const run = randomUUID();
      const parameters = awkwardContext();
      const data = {
        tool: "t",
        toolCallId: "call_0",
        parameters,
        status: "completed",
        result: [{}],
      } as const;
      const event = { seq: 1, at: 1, event: { type: "tool_execution" as const, data } };
      const expected = structuredClone(event);
      await log.append(run, [event]);
      parameters.emptyObject = "changed";
      expect((await log.read(run, 0, 1)).events).toEqual([expected]);
    });

    it("keeps a field that it does not know", async () => {
      const run = randomUUID();
      const event = {
        ...someEvents(1, 1)[0]!,
        event: { type: "content", data: { ...someEvents(1, 1)[0]!.event.data, attempt: 2 } },
      };
      await log.append(run, [event as never]);
      expect((await log.read(run, 0, 1)).events).toEqual([event]);
    });

    it("keeps runs apart whatever their ids are", async () => {
      const ids = hostileIds();
      await Promise.all(ids.map((id) => log.append(id, someEvents(1, 1, id))));
      await log.close(ids[0]!);
      for (const [index, id] of ids.entries()) {
        expect(await log.read(id, 0, 10)).toEqual({ events: someEvents(1, 1, id), ended: index === 0 });
      }
    });

    it("wakes a watcher for whatever is appended once watch has resolved", async () => {
      for (const _ of range(50)) {
        const run = randomUUID();
        const changes = callCounter();
        const stop = await log.watch(run, changes.call);
        await other.append(run, someEvents(1, 1));
        await changes.reached(1);
        await other.close(run);
        await changes.reached(2);
        stop();
      }
    });

    it("wakes no watcher that has left, and none of another run", async () => {
      const ids = hostileIds();
      const changes = ids.map(() => callCounter());
      const stops = await Promise.all(ids.map((id, index) => log.watch(id, changes[index]!.call)));
      stops[1]!();
      stops[1]!();
      for (const id of ids) await other.append(id, someEvents(1, 1));
      await Promise.all(changes.map((counter, index) => (index === 1 ? null : counter.reached(1))));
      expect(changes.map((counter) => counter.count())).toEqual(ids.map((_, index) => (index === 1 ? 0 : 1)));
      for (const stop of stops) stop();
    });

    it("wakes every watcher of a run, on every instance", async () => {
      const run = randomUUID();
      const changes = callCounter();
      const stops = await Promise.all([log, log, other].map((each) => each.watch(run, changes.call)));
      await log.append(run, someEvents(1, 1));
      await changes.reached(3);
      stops[0]!();
      await log.append(run, someEvents(2, 1));
      await changes.reached(5);
      for (const stop of stops) stop();
    });

    it("survives a watcher that comes while the last one leaves", async () => {
      const run = randomUUID();
      let stop = await log.watch(run, () => {});
      for (const index of range(50)) {
        const changes = callCounter();
        stop();
        const coming = log.watch(run, changes.call);
        const passing = log.watch(run, () => {}).then((leave) => leave());
        stop = await coming;
        await Promise.all([passing, other.append(run, someEvents(index + 1, 1))]);
        await changes.reached(1);
      }
      stop();
    });
  });
}
