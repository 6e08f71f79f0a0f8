import { randomUUID } from "node:crypto";
import type { RunStatus } from "@aura-platform/contract/run-status.ts";
import type { ThreadSummary } from "@aura-platform/contract/threads.ts";
import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/ports/backend.ts";
import type { SavedThread, ThreadPosition } from "../../src/ports/thread-archive.ts";
import type { Owner, RunRecord } from "../../src/records/run.ts";
import {
  anApproval,
  aRun,
  awkwardContext,
  bringTo,
  callCounter,
  type Harness,
  hostileIds,
  type MakeHarness,
  range,
  someEvents,
} from "./harness.ts";
import { withHarness } from "./with-harness.ts";

/** What every ThreadArchive must do. */
export function threadArchiveContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} thread archive`, () => {
    let harness: Harness;
    let backend: Backend;
    let other: Backend;
    withHarness(makeHarness, (made) => {
      harness = made;
      [backend, other] = harness.backends;
    });

    const someone = (): Owner => ({ tenantId: "tenant1", userId: `user-${randomUUID()}` });
    const begin = async (fields: Partial<RunRecord>, status: RunStatus = "completed") => {
      const run = aRun(fields);
      await backend.threads.begin(run);
      if (status !== "queued") {
        await bringTo(backend.threads, run.runId, status, run.createdAt + 1);
      }
      return run;
    };
    const listAll = async (owner: Owner, limit: number, status?: RunStatus) => {
      const items: ThreadSummary[] = [];
      let after: ThreadPosition | null = null;
      do {
        const page: { items: ThreadSummary[]; next: ThreadPosition | null } = await other.archive.list(
          owner,
          {
            after,
            limit,
            ...(status === undefined ? {} : { status }),
          },
        );
        expect(page.items.length).toBeLessThanOrEqual(limit);
        items.push(...page.items);
        after = page.next;
      } while (after !== null);
      return items;
    };

    it("lists the owner's threads, last changed first, whatever the page", async () => {
      const owner = someone();
      const runs = [];
      // Some of one moment, and ids that a careless script would mix up.
      for (const [at, threadId] of hostileIds().entries()) {
        runs.push(await begin({ ...owner, threadId, createdAt: 1_000 + Math.floor(at / 3) * 10 }));
      }
      const all = await listAll(owner, 1_000);
      expect(all.map(({ threadId }) => threadId).sort()).toEqual(runs.map(({ threadId }) => threadId).sort());
      expect(all.map(({ updatedAt }) => updatedAt)).toEqual(
        all.map(({ updatedAt }) => updatedAt).toSorted((a, b) => b - a),
      );
      for (const limit of [1, 2, 7]) expect(await listAll(owner, limit)).toEqual(all);
      expect(await listAll(someone(), 10)).toEqual([]);
      expect(await listAll({ tenantId: "tenant2", userId: owner.userId }, 10)).toEqual([]);
    });

    it("moves a thread to the front when its run moves, and shows what the run is", async () => {
      const owner = someone();
      const first = await begin(
        { ...owner, createdAt: 1_000, prompt: `${"x".repeat(200)}\nrest` },
        "running",
      );
      await begin({ ...owner, createdAt: 2_000 });
      await backend.threads.transition(first.runId, ["running"], "waiting", 3_000);
      const approval = anApproval({ ...owner, threadId: first.threadId, runId: first.runId });
      await backend.approvals.open([approval, anApproval({ ...approval, requestId: `req-${randomUUID()}` })]);
      await backend.approvals.settle(approval.requestId, { status: "rejected", decidedAt: 4_000 });
      expect((await listAll(owner, 1))[0]).toEqual({
        threadId: first.threadId,
        title: `${"x".repeat(79)}…`,
        status: "waiting",
        createdAt: 1_000,
        updatedAt: 3_000,
        pendingApprovals: 1,
      });
      expect((await listAll(owner, 1, "waiting")).map(({ threadId }) => threadId)).toEqual([first.threadId]);
      expect(await listAll(owner, 1, "failed")).toEqual([]);
    });

    it("finds the few of a status among many", async () => {
      const owner = someone();
      for (const at of range(250)) {
        await begin({ ...owner, createdAt: at * 10 }, at % 100 === 0 ? "failed" : "completed");
      }
      expect((await listAll(owner, 2, "failed")).map(({ updatedAt }) => updatedAt)).toEqual([
        2_001, 1_001, 1,
      ]);
    });

    const saved = (fields: Partial<RunRecord> = {}): SavedThread => {
      const run = aRun({ status: "completed", context: awkwardContext(), ...fields });
      const open = aRun({ ...run, runId: `run-${randomUUID()}`, status: "cancelled" });
      const { threadId, tenantId, userId } = run;
      const owner = { tenantId, userId };
      const { status: _, ...approval } = anApproval({ ...owner, threadId, runId: run.runId });
      return {
        thread: {
          v: 1,
          threadId,
          ...owner,
          title: "t",
          createdAt: 1,
          updatedAt: 2,
          currentRunId: open.runId,
        },
        runs: [
          { run, events: someEvents(1, 300), closed: true },
          { run: open, events: someEvents(1, 2), closed: false },
        ],
        approvals: [{ ...approval, status: "approved", decidedAt: 5, decidedBy: "user123" }],
        effects: [
          { taskId: "task-1", toolCallId: "call:0", outcome: { ok: true, result: awkwardContext() } },
          { taskId: "task-1", toolCallId: "call:1" },
          { taskId: "task-1", toolCallId: "call:2", ended: "unknown", later: awkwardContext() },
          { taskId: "task-1", toolCallId: "call:3", ended: "never" },
        ],
      };
    };

    it("stores a whole thread, and gives it back as it was", async () => {
      const whole = saved();
      const { threadId } = whole.thread;
      const [done, open] = whole.runs;
      expect(await backend.archive.store(whole, 1)).toBe(true);
      expect(await other.threads.thread(threadId)).toEqual(whole.thread);
      expect(await other.threads.runsOf(threadId)).toEqual(whole.runs.map(({ run }) => run.runId));
      for (const { run, events, closed } of whole.runs) {
        expect(await other.threads.run(run.runId)).toEqual(run);
        expect((await other.eventLog.read(run.runId, 0, 1_000)).events).toEqual(events);
        expect(await other.eventLog.tail(run.runId)).toEqual({ lastSeq: events.length, closed });
      }
      expect(await other.archive.approvals(threadId)).toEqual(whole.approvals);
      expect(await other.archive.effects(threadId)).toEqual(whole.effects);
      expect(await other.threads.dueAt(open?.run.runId ?? "")).toBe(1);
      expect(await other.threads.dueAt(done?.run.runId ?? "")).toBeNull();
      expect(await listAll(whole.thread, 10)).toMatchObject([{ threadId, title: "t" }]);
      await backend.threads.notDue(open?.run.runId ?? "");
    });

    it.each(["thread", "run", "approval"] as const)("stores nothing when its %s exists", async (what) => {
      const first = saved();
      await backend.archive.store(first, 1);
      const second = saved();
      if (what === "thread") {
        const { threadId } = first.thread;
        for (const { run } of second.runs) run.threadId = threadId;
        second.thread.threadId = threadId;
      }
      if (what === "run") second.runs[1]!.run.runId = first.runs[0]!.run.runId;
      if (what === "approval") second.approvals[0]!.requestId = first.approvals[0]!.requestId;
      expect(await other.archive.store(second, 1)).toBe(false);
      if (what !== "thread") expect(await backend.threads.thread(second.thread.threadId)).toBeNull();
      expect(await backend.threads.run(second.runs[0]!.run.runId)).toBeNull();
      expect((await backend.eventLog.tail(second.runs[0]!.run.runId)).lastSeq).toBe(0);
      expect(await backend.threads.thread(first.thread.threadId)).toEqual(first.thread);
    });

    it.each(["queued", "running"] as const)("condemns no thread whose run is %s", async (status) => {
      const run = await begin({}, status);
      expect(await other.archive.condemn(run.threadId, run, 9)).toBe("busy");
      expect((await backend.threads.thread(run.threadId))?.deletedAt).toBeUndefined();
    });

    it("condemns the owner's thread only: nothing begins on it any more, and somebody will find it", async () => {
      const run = await begin({});
      await backend.threads.notDue(run.runId);
      expect(await other.archive.condemn(run.threadId, someone(), 9)).toBe("gone");
      expect(await other.archive.condemn(randomUUID(), run, 9)).toBe("gone");
      expect(await other.archive.condemn(run.threadId, run, 9)).toBe("condemned");
      expect(await other.archive.condemn(run.threadId, run, 10)).toBe("condemned");
      expect((await backend.threads.thread(run.threadId))?.deletedAt).toBe(9);
      expect(await backend.threads.dueAt(run.runId)).toBe(10);
      expect(await backend.threads.begin(aRun({ ...run, runId: randomUUID() }))).toEqual({
        kind: "deleting",
      });
      expect(await listAll(run, 100)).not.toContainEqual(expect.objectContaining({ threadId: run.threadId }));
    });

    it("removes everything of one thread, and wakes who follows it", async () => {
      const owner = someone();
      const kept = saved(owner);
      const gone = saved(owner);
      await backend.archive.store(kept, 1);
      await backend.archive.store(gone, 1);
      const [{ run } = { run: aRun() }] = gone.runs;
      const pending = anApproval({ ...owner, threadId: run.threadId, runId: run.runId });
      const keysOf = ({ threadId, requestId }: { threadId: string; requestId: string }, taskId: string) => [
        `hitl:request:${requestId}`,
        `hitl:session:${threadId}`,
        `hitl:signal:${threadId}`,
        `hitl:task:${taskId}`,
      ];
      const bystander = anApproval({ ...owner, threadId: kept.thread.threadId });
      await backend.approvals.open([pending, bystander]);
      const ofThread = keysOf(pending, `task-of-${run.threadId}`);
      const ofOther = keysOf(bystander, `task-of-${bystander.threadId}`);
      await backend.approvals.link(pending.requestId, `task-of-${run.threadId}`);
      await backend.approvals.link(bystander.requestId, `task-of-${bystander.threadId}`);
      for (const threadId of [run.threadId, bystander.threadId]) {
        await harness.replaceKey(`hitl:signal:${threadId}`, '{"type":"approval"}');
      }
      const there = (keys: string[]) => Promise.all(keys.map((key) => harness.getKey(key)));
      expect(await there([...ofThread, ...ofOther])).not.toContain(null);
      const woken = callCounter();
      const stop = await other.eventLog.watch(run.runId, woken.call);
      await backend.archive.remove(gone.thread);
      await woken.reached(1);
      stop();
      expect(await other.threads.thread(run.threadId)).toBeNull();
      expect(await other.threads.run(run.runId)).toBeNull();
      expect(await other.threads.runsOf(run.threadId)).toEqual([]);
      expect((await other.eventLog.tail(run.runId)).lastSeq).toBe(0);
      expect(await other.approvals.get(pending.requestId)).toBeNull();
      expect(await other.approvals.pendingOf(owner)).toEqual([bystander]);
      // Nothing of it that Main Service reads: a late click is told that there is no such request.
      expect(await there(ofThread)).toEqual([null, null, null, null]);
      expect(await there(ofOther)).not.toContain(null);
      expect(await other.archive.approvals(run.threadId)).toEqual([]);
      expect(await other.archive.effects(run.threadId)).toEqual([]);
      expect((await listAll(owner, 10)).map(({ threadId }) => threadId)).toEqual([kept.thread.threadId]);
      expect(await other.archive.approvals(kept.thread.threadId)).toEqual(
        expect.arrayContaining([...kept.approvals, bystander]),
      );
      expect(await backend.threads.begin(aRun({ threadId: run.threadId, userId: "another" }))).toEqual({
        kind: "started",
      });
    });
  });
}
