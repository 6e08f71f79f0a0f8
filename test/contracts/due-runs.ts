import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ThreadLeases } from "../../src/ports/thread-lease.ts";
import type { ThreadRegistry } from "../../src/ports/thread-registry.ts";
import { aRun, dueRun, type Harness, hostileIds, type MakeHarness, range } from "./harness.ts";

/** What every ThreadRegistry must do with runs that ought to be moving. */
export function dueRunsContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} thread registry, asked what is due,`, () => {
    let harness: Harness;
    let threads: ThreadRegistry;
    let other: ThreadRegistry;
    let leases: ThreadLeases;
    // Due runs belong to no test: each has a state of its own.
    beforeEach(async () => {
      harness = await makeHarness();
      threads = harness.backends[0].threads;
      other = harness.backends[1].threads;
      leases = harness.backends[1].leases;
    });
    afterEach(() => harness.close());

    const begun = async (createdAt: number) => {
      const run = aRun({ createdAt });
      expect(await threads.begin(run)).toEqual({ kind: "started" });
      return dueRun(run);
    };

    it("finds a new run from the moment of its creation, and puts it off", async () => {
      const run = await begun(1_000);
      expect(await other.takeDue(999, 2_000, 10)).toEqual([]);
      expect(await other.takeDue(1_000, 2_000, 10)).toEqual([run]);
      expect(await threads.takeDue(1_999, 3_000, 10)).toEqual([]);
      expect(await threads.takeDue(2_000, 3_000, 10)).toEqual([run]);
    });

    it("does not forget a run that has become due anew since it was seen", async () => {
      const { runId } = await begun(1_000);
      expect(await other.dueAt(runId)).toBe(1_000);
      await threads.makeDue(runId, 1_500);
      await other.notDue(runId, 1_000);
      expect(await threads.dueAt(runId)).toBe(1_500);
      await other.notDue(runId, 1_500);
      expect(await threads.dueAt(runId)).toBeNull();
      await threads.notDue(runId, 1_500);
    });

    it("finds a run at each of its transitions, until it is told that nothing is left to do", async () => {
      const run = await begun(1_000);
      const { runId } = run;
      let at = 1_000;
      for (const [from, to] of [
        ["queued", "running"],
        ["running", "waiting"],
        ["waiting", "running"],
        ["running", "completed"],
      ] as const) {
        await threads.notDue(runId);
        expect(await other.takeDue(1e12, 2e12, 10)).toEqual([]);
        at += 1_000;
        expect(await threads.transition(runId, [from], to, at, {}, 2)).toBeNull();
        expect(await other.takeDue(1e12, 2e12, 10)).toEqual([]);
        await threads.transition(runId, [from], to, at);
        expect(await threads.transition(runId, [from], to, at + 500)).toBeNull();
        expect(await other.takeDue(at - 1, 2e12, 10)).toEqual([]);
        expect(await other.takeDue(at, 2e12, 10)).toEqual([{ ...run, begun: true }]);
      }
      await threads.notDue(runId);
      await threads.notDue(runId);
      expect(await other.takeDue(3e12, 4e12, 10)).toEqual([]);
    });

    it("goes by what it was told last", async () => {
      const run = await begun(1_000);
      const { runId } = run;
      await threads.makeDue(runId, 5_000);
      expect(await other.takeDue(4_999, 9_000, 10)).toEqual([]);
      await threads.makeDue(runId, 3_000);
      expect(await other.takeDue(3_000, 9_000, 10)).toEqual([run]);
    });

    it("leaves runs alone that somebody works on, and looks again later", async () => {
      const [held, free] = [await begun(1_000), await begun(2_000)];
      await leases.acquire(held.threadId, "holder", 30_000);
      expect(await threads.takeDue(5_000, 6_000, 10)).toEqual([free]);
      expect(await threads.takeDue(5_999, 7_000, 10)).toEqual([]);
      await harness.expireLease(held.threadId);
      const taken = await threads.takeDue(6_000, 7_000, 10);
      expect(taken).toHaveLength(2);
      expect(taken).toEqual(expect.arrayContaining([held, free]));
    });

    it("looks again as soon as the lease is over, however long runs are put off", async () => {
      const run = await begun(1_000);
      await leases.acquire(run.threadId, "holder", 30_000);
      expect(await threads.takeDue(5_000, 9_000_000, 10)).toEqual([]);
      const again = (await other.dueAt(run.runId)) ?? 0;
      expect(again).toBeGreaterThan(5_000);
      expect(again).toBeLessThanOrEqual(35_001);
      await harness.expireLease(run.threadId);
      expect(await threads.takeDue(again, 9_000_000, 10)).toEqual([run]);
    });

    it("finds the longest due first, up to a limit, behind any number that are worked on", async () => {
      const runs = await Promise.all(range(30).map((index) => begun(1_000 + index)));
      for (const { threadId } of runs.slice(0, 20)) await leases.acquire(threadId, "holder", 30_000);
      expect(await threads.takeDue(5_000, 9_000, 4)).toEqual(runs.slice(20, 24));
      expect(await other.takeDue(5_000, 9_000, 4)).toEqual(runs.slice(24, 28));
      expect(await threads.takeDue(5_000, 9_000, 4)).toEqual(runs.slice(28));
      expect(await threads.takeDue(5_000, 9_000, 4)).toEqual([]);
    });

    it("shares the work between those who ask at once", async () => {
      const runs = await Promise.all(range(40).map((index) => begun(1_000 + index)));
      const taken = await Promise.all(
        range(10).map((index) => (index % 2 ? threads : other).takeDue(5_000, 9_000, 7)),
      );
      const ids = taken.flat().map(({ runId }) => runId);
      expect(ids.toSorted()).toEqual(runs.map(({ runId }) => runId).toSorted());
    });

    it("forgets a run of which there is no record", async () => {
      await threads.makeDue(randomUUID(), 1);
      expect(await threads.takeDue(5_000, 9_000, 1)).toEqual([]);
    });

    it("refuses to put off to a time that has come", async () => {
      await begun(1_000);
      await expect(threads.takeDue(5_000, 5_000, 10)).rejects.toThrow(RangeError);
      expect(await threads.takeDue(5_000, 5_001, 10)).toHaveLength(1);
    });

    it("keeps runs apart whatever their ids are", async () => {
      const ids = hostileIds();
      for (const id of ids) await threads.begin(aRun({ runId: id, threadId: id, createdAt: 1_000 }));
      await threads.notDue(ids[0]!);
      const taken = await threads.takeDue(1_000, 2_000, 1_000);
      expect(taken.map(({ runId }) => runId).toSorted()).toEqual(ids.slice(1).toSorted());
      expect(taken.every(({ runId, threadId }) => runId === threadId)).toBe(true);
    });
  });
}
