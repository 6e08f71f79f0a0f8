import type { RunStatus } from "@aura-platform/contract/run-status.ts";
import { describe, expect, it } from "vitest";
import type { ThreadRegistry } from "../../src/ports/thread-registry.ts";
import { IllegalTransitionError, mayBecome, type StatusBefore } from "../../src/records/run.ts";
import { aRun, bringTo, type MakeHarness } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

const STATUSES: readonly RunStatus[] = ["queued", "running", "waiting", "completed", "failed", "cancelled"];
const PAIRS = STATUSES.flatMap((from) => STATUSES.map((to) => [from, to] as const));

/** Every ThreadRegistry moves runs as the table of statuses says, and in no other way. */
export function runTransitionsContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} thread registry, asked to move a run`, () => {
    let threads: ThreadRegistry;
    withHarness(makeHarness, (harness) => {
      threads = harness.backends[0].threads;
    });

    const runThatIs = async (status: RunStatus) => {
      const run = aRun();
      await threads.begin(run);
      if (status !== "queued") await bringTo(threads, run.runId, status, 2);
      await threads.notDue(run.runId);
      return run;
    };
    /** As no program could be written that the compiler has seen. */
    const move = (runId: string, from: readonly RunStatus[], to: RunStatus) =>
      threads.transition(runId, from as readonly StatusBefore<RunStatus>[], to, 3, { workedMs: 4 });

    it.each(PAIRS)(
      "from %s to %s, does it if the table allows it, and changes nothing if not",
      async (from, to) => {
        const { runId, threadId } = await runThatIs(from);
        const [run, thread] = [await threads.run(runId), await threads.thread(threadId)];
        expect(run).toMatchObject({ status: from });
        if (mayBecome(from, to) || (from === "running" && to === "running")) {
          expect(await move(runId, [from], to)).toEqual({ ...run, status: to, updatedAt: 3, workedMs: 4 });
          expect(await threads.dueAt(runId)).toBe(3);
          return;
        }
        await expect(move(runId, [from], to)).rejects.toThrow(IllegalTransitionError);
        expect(await threads.run(runId)).toEqual(run);
        expect(await threads.thread(threadId)).toEqual(thread);
        expect(await threads.dueAt(runId)).toBeNull();
      },
    );

    it("does nothing when one of several ways is none, though the run could go another", async () => {
      const { runId } = await runThatIs("running");
      for (const from of [
        ["running", "completed"],
        ["queued", "running"],
        ["waiting", "running"],
      ] as const) {
        await expect(move(runId, from, "waiting")).rejects.toThrow(IllegalTransitionError);
      }
      expect(await threads.run(runId)).toMatchObject({ status: "running", updatedAt: 2 });
    });
  });
}
