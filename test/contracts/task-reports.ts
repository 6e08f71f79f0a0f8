import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/ports/backend.ts";
import type { ReportState } from "../../src/ports/task-reports.ts";
import { anApproval, aRun, awkwardContext, type Harness, type MakeHarness } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

/** What every TaskReports must do, and linking an approval to its task. */
export function taskReportsContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} task reports`, () => {
    let harness: Harness;
    let backend: Backend;
    let other: Backend;
    withHarness(makeHarness, (made) => {
      harness = made;
      [backend, other] = harness.backends;
    });

    const told: ReportState = {
      phase: "started",
      taskId: "task-1",
      progress: 50,
      planSteps: JSON.stringify(awkwardContext()),
      failures: 3,
    };

    it("keeps what was told with the run, and nothing of a run that is gone", async () => {
      const run = aRun();
      await backend.threads.begin(run);
      expect(await other.reports.state(run.runId)).toBeNull();
      await backend.reports.save(run.runId, told);
      expect(await other.reports.state(run.runId)).toEqual(told);
      expect(await other.threads.run(run.runId)).toEqual(run);
      const unknown = randomUUID();
      await backend.reports.save(unknown, told);
      expect(await backend.reports.state(unknown)).toBeNull();
      expect(await backend.threads.run(unknown)).toBeNull();
    });

    it("gives a due run to one of those who ask, and again when its time comes", async () => {
      const [a, b] = [randomUUID(), randomUUID()];
      await backend.reports.due(a, 20);
      await backend.reports.due(b, 10);
      expect(await other.reports.take(9, 100, 10)).toEqual([]);
      expect(await other.reports.take(20, 100, 10)).toEqual([b, a]);
      expect(await backend.reports.take(20, 100, 10)).toEqual([]);
      await backend.reports.notDue(a);
      expect(await backend.reports.take(100, 200, 10)).toEqual([b]);
      await backend.reports.notDue(b);
    });

    it("links a request that is pending to its task, once, and leaves any other as it is", async () => {
      const approval = anApproval({ createdAt: Date.now() });
      const { requestId } = approval;
      const key = `hitl:request:${requestId}`;
      await backend.approvals.open([approval]);
      const before = JSON.parse((await harness.getKey(key)) ?? "");
      await other.approvals.link(requestId, "task-7");
      expect(JSON.parse((await harness.getKey(key)) ?? "")).toEqual({ ...before, taskId: "task-7" });
      expect(await harness.getKey("hitl:task:task-7")).toBe(requestId);
      await other.approvals.link(requestId, "task-8");
      expect(await harness.getKey("hitl:task:task-8")).toBeNull();

      const decided = JSON.stringify({ ...before, status: "approved" });
      await harness.replaceKey(key, decided);
      await other.approvals.link(requestId, "task-9");
      expect(await harness.getKey(key)).toBe(decided);
      await other.approvals.link("req-unknown", "task-9");
      expect(await harness.getKey("hitl:task:task-9")).toBeNull();
    });
  });
}
