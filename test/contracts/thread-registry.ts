import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ThreadRegistry } from "../../src/ports/thread-registry.ts";
import {
  aRun,
  awkwardContext,
  bringTo,
  callCounter,
  hostileIds,
  type MakeHarness,
  range,
} from "./harness.ts";
import { withHarness } from "./with-harness.ts";

/** What every ThreadRegistry must do. */
export function threadRegistryContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} thread registry`, () => {
    let threads: ThreadRegistry;
    let other: ThreadRegistry;
    withHarness(makeHarness, (harness) => {
      threads = harness.backends[0].threads;
      other = harness.backends[1].threads;
    });

    it("knows nothing of unknown ids", async () => {
      expect(await threads.thread(randomUUID())).toBeNull();
      expect(await threads.run(randomUUID())).toBeNull();
      expect(await threads.transition(randomUUID(), ["queued"], "running", 1)).toBeNull();
      expect(await threads.runsOf(randomUUID())).toEqual([]);
    });

    it("claims a thread on first use", async () => {
      const run = aRun({ context: awkwardContext(), status: "running" });
      expect(await threads.begin(run)).toEqual({ kind: "started" });
      expect(await other.run(run.runId)).toEqual({ ...run, status: "queued" });
      expect(await other.thread(run.threadId)).toEqual({
        v: 1,
        threadId: run.threadId,
        tenantId: run.tenantId,
        userId: run.userId,
        createdAt: run.createdAt,
        updatedAt: run.createdAt,
        currentRunId: run.runId,
        title: run.prompt,
      });
    });

    it.each([
      ["tenant", { tenantId: "tenant2" }],
      ["user", { userId: "user124" }],
      ["split of the same text", { tenantId: "tenant1:user", userId: "123" }],
    ])("turns away another %s", async (_, owner) => {
      const run = aRun({ tenantId: "tenant1", userId: "user:123" });
      await threads.begin(run);
      await threads.transition(run.runId, ["queued"], "failed", 2);
      const foreign = aRun({ ...run, ...owner, runId: randomUUID() });
      expect(await other.begin(foreign)).toEqual({ kind: "foreign" });
      expect(await other.begin(foreign, { replaces: run.runId })).toEqual({ kind: "foreign" });
      expect(await threads.run(foreign.runId)).toBeNull();
      expect((await threads.thread(run.threadId))?.currentRunId).toBe(run.runId);
    });

    it.each(["queued", "running", "waiting"] as const)(
      "is busy while the current run is %s",
      async (status) => {
        const run = aRun();
        await threads.begin(run);
        if (status !== "queued") await bringTo(threads, run.runId, status, 2);
        const next = aRun({ threadId: run.threadId });
        expect(await other.begin(next)).toEqual({ kind: "busy", runId: run.runId, status });
        expect(await threads.run(next.runId)).toBeNull();
      },
    );

    it.each(["completed", "failed", "cancelled"] as const)(
      "is free once the current run is %s",
      async (status) => {
        const run = aRun();
        await threads.begin(run);
        await bringTo(threads, run.runId, status, 2);
        const next = aRun({ threadId: run.threadId, createdAt: run.createdAt + 5, replaces: run.runId });
        expect(await other.begin(next)).toEqual({ kind: "started" });
        expect(await threads.thread(run.threadId)).toMatchObject({
          createdAt: run.createdAt,
          updatedAt: run.createdAt + 5,
          currentRunId: next.runId,
        });
        expect(await threads.run(next.runId)).toEqual(next);
      },
    );

    it("cancels a waiting run that is replaced, and no other", async () => {
      const run = aRun();
      await threads.begin(run);
      const next = aRun({ threadId: run.threadId, createdAt: run.createdAt + 7 });
      await threads.transition(run.runId, ["queued"], "running", 2);
      expect(await threads.begin(next, { replaces: run.runId })).toMatchObject({
        kind: "busy",
        status: "running",
      });
      await threads.transition(run.runId, ["running"], "waiting", 3);
      expect(await threads.begin(next, { replaces: randomUUID() })).toMatchObject({
        kind: "busy",
        status: "waiting",
      });
      expect(await threads.begin(next, { replaces: run.runId })).toEqual({ kind: "started" });
      expect(await threads.run(run.runId)).toEqual({
        ...run,
        status: "cancelled",
        updatedAt: run.createdAt + 7,
      });
      expect((await threads.run(next.runId))?.status).toBe("queued");
    });

    it("refuses a run id that is in use and changes nothing", async () => {
      const run = aRun();
      await threads.begin(run);
      await bringTo(threads, run.runId, "completed", 2);
      await expect(threads.begin({ ...run, prompt: "again" })).rejects.toThrow("exists already");
      await expect(threads.begin(aRun({ runId: run.runId }))).rejects.toThrow("exists already");
      expect(await threads.run(run.runId)).toEqual({ ...run, status: "completed", updatedAt: 2 });
    });

    it("starts exactly one of two concurrent runs on a thread", async () => {
      for (const _ of range(25)) {
        const first = aRun();
        const second = aRun({ threadId: first.threadId });
        const results = await Promise.all([threads.begin(first), other.begin(second)]);
        expect(results.map(({ kind }) => kind).sort()).toEqual(["busy", "started"]);
        const started = results[0]?.kind === "started" ? first : second;
        expect((await threads.thread(first.threadId))?.currentRunId).toBe(started.runId);
      }
    });

    it("gives a new thread to exactly one of two owners", async () => {
      for (const _ of range(25)) {
        const first = aRun();
        const results = await Promise.all([
          threads.begin(first),
          other.begin(aRun({ threadId: first.threadId, userId: "user124" })),
        ]);
        expect(results.map(({ kind }) => kind).sort()).toEqual(["foreign", "started"]);
      }
    });

    it("moves a run only from the statuses that are given", async () => {
      const run = aRun({ context: awkwardContext() });
      await threads.begin(run);
      expect(await other.transition(run.runId, ["running"], "completed", 5)).toBeNull();
      expect(await other.transition(run.runId, [], "completed", 5)).toBeNull();
      expect(await threads.run(run.runId)).toEqual(run);
      const running = { ...run, status: "running", updatedAt: 6 };
      expect(await other.transition(run.runId, ["waiting", "queued"], "running", 6)).toEqual(running);
      expect(await threads.run(run.runId)).toEqual(running);
      const error = { errorCode: "E5000", message: "모델 오류 {} []" } as const;
      const failed = { ...run, status: "failed", updatedAt: 7, error };
      expect(await threads.transition(run.runId, ["running"], "failed", 7, { error })).toEqual(failed);
      expect(await other.run(run.runId)).toEqual(failed);
    });

    it("keeps the attempt that a transition sets", async () => {
      const run = aRun();
      await threads.begin(run);
      expect(await threads.transition(run.runId, ["queued"], "running", 5)).toMatchObject({ attempt: 1 });
      const again = await threads.transition(run.runId, ["running"], "running", 6, { attempt: 2 });
      expect(again).toEqual({ ...run, status: "running", attempt: 2, updatedAt: 6 });
      const waiting = await threads.transition(run.runId, ["running"], "waiting", 7);
      expect(waiting).toEqual({ ...run, status: "waiting", attempt: 2, updatedAt: 7 });
      expect(await other.run(run.runId)).toEqual(waiting);
    });

    it("keeps the time that a run was worked on, beside its attempt", async () => {
      const run = aRun();
      await threads.begin(run);
      expect(await threads.transition(run.runId, ["queued"], "running", 5)).not.toHaveProperty("workedMs");
      const waiting = await threads.transition(run.runId, ["running"], "waiting", 9, { workedMs: 4 }, 1);
      expect(waiting).toEqual({ ...run, status: "waiting", attempt: 1, updatedAt: 9, workedMs: 4 });
      expect(await other.transition(run.runId, ["waiting"], "running", 99)).toMatchObject({ workedMs: 4 });
      expect(await other.run(run.runId)).toMatchObject({ workedMs: 4, attempt: 1 });
    });

    it("moves a run for a worker only while it is in that worker's attempt", async () => {
      const run = aRun();
      await threads.begin(run);
      expect(await threads.transition(run.runId, ["queued"], "running", 5, {}, 2)).toBeNull();
      expect(await threads.transition(run.runId, ["queued"], "running", 5, {}, 1)).not.toBeNull();
      const again = await other.transition(run.runId, ["running"], "running", 6, { attempt: 2 }, 1);
      expect(again).toMatchObject({ attempt: 2 });
      // The worker of the first attempt has been frozen meanwhile: whatever it takes for next, it changes nothing.
      for (const to of ["running", "waiting", "completed", "failed"] as const) {
        expect(await threads.transition(run.runId, ["running"], to, 7, { attempt: 2 }, 1)).toBeNull();
      }
      expect(await threads.run(run.runId)).toEqual(again);
      expect(await other.transition(run.runId, ["running"], "completed", 8, {}, 2)).not.toBeNull();
    });

    it("lists the runs of a thread in their order", async () => {
      const runs = range(3).map(() => aRun());
      const threadId = runs[0]!.threadId;
      for (const { runId } of runs) {
        await threads.begin(aRun({ runId, threadId }));
        expect(await other.begin(aRun({ threadId }))).toMatchObject({ kind: "busy" });
        await bringTo(threads, runId, "completed", 2);
      }
      expect(await other.runsOf(threadId)).toEqual(runs.map(({ runId }) => runId));
    });

    it("wakes the watchers of a thread after each begin, and nobody else", async () => {
      const run = aRun();
      const changes = callCounter();
      const elsewhere = callCounter();
      const stop = await other.watch(run.threadId, changes.call);
      const stopToo = await other.watch(run.threadId, changes.call);
      await other.watch(randomUUID(), elsewhere.call);
      await threads.begin(run);
      await changes.reached(2);
      stopToo();
      await threads.begin(aRun({ threadId: run.threadId }));
      await bringTo(threads, run.runId, "completed", 2);
      await threads.begin(aRun({ threadId: run.threadId }));
      await changes.reached(3);
      stop();
      expect(changes.count()).toBe(3);
      expect(elsewhere.count()).toBe(0);
    });

    it("lets exactly one of 20 concurrent transitions through", async () => {
      const run = aRun();
      await threads.begin(run);
      const results = await Promise.all(
        range(20).map((index) =>
          (index % 2 === 0 ? threads : other).transition(run.runId, ["queued"], "running", index),
        ),
      );
      const moved = results.filter((result) => result !== null);
      expect(moved).toHaveLength(1);
      expect(await threads.run(run.runId)).toEqual(moved[0]);
    });

    it("hands out copies", async () => {
      const run = aRun();
      await threads.begin(run);
      const copy = await threads.run(run.runId);
      copy!.context.changed = true;
      run.context.changed = true;
      expect((await threads.run(run.runId))?.context).toEqual({ activeApp: "mail", remoteState: {} });
    });

    it("keeps threads and runs apart whatever their ids are", async () => {
      const ids = hostileIds();
      const runs = ids.map((id) => aRun({ threadId: id, runId: id, userId: id, prompt: id }));
      for (const run of runs) expect(await threads.begin(run)).toEqual({ kind: "started" });
      await threads.transition(ids[0]!, ["queued"], "running", 9);
      for (const [index, run] of runs.entries()) {
        const expected = index === 0 ? { ...run, status: "running", updatedAt: 9 } : run;
        expect(await other.run(run.runId)).toEqual(expected);
        expect(await other.thread(run.threadId)).toMatchObject({
          userId: run.userId,
          currentRunId: run.runId,
        });
      }
    });
  });
}
