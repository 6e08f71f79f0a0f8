import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { RunControl } from "../../src/ports/run-control.ts";
import { callCounter, hostileIds, type MakeHarness } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

/** What every RunControl must do. */
export function runControlContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} run control`, () => {
    let control: RunControl;
    let other: RunControl;
    withHarness(makeHarness, (harness) => {
      control = harness.backends[0].control;
      other = harness.backends[1].control;
    });

    const listen = async (on: RunControl = control) => {
      const runs: string[] = [];
      const heard = callCounter();
      const gaps = callCounter();
      const stop = await on.listen({
        onCancel(runId) {
          runs.push(runId);
          heard.call();
        },
        onGap: gaps.call,
      });
      return { runs, heard, gaps, stop };
    };

    it("tells once that announcements may have been missed before it listened", async () => {
      await control.announceCancel("run-before");
      const { gaps, heard, stop } = await listen();
      expect(gaps.count()).toBe(1);
      expect(heard.count()).toBe(0);
      await stop();
    });

    it("reaches every instance, the announcer's own included, whatever the run's id is", async () => {
      const listeners = [await listen(), await listen(other), await listen()];
      const ids = hostileIds();
      for (const id of ids) await control.announceCancel(id);
      for (const { heard, runs, stop } of listeners) {
        await heard.reached(ids.length);
        expect(runs).toEqual(ids);
        await stop();
      }
    });

    it("does not call back inside the announcement", async () => {
      const { heard, stop } = await listen();
      const announced = control.announceCancel("run-1");
      expect(heard.count()).toBe(0);
      await announced;
      await heard.reached(1);
      await stop();
    });

    it("leaves a listener alone once it has stopped", async () => {
      const [first, second] = [await listen(), await listen()];
      await first.stop();
      await first.stop();
      const id = randomUUID();
      await other.announceCancel(id);
      await second.heard.reached(1);
      expect(second.runs).toEqual([id]);
      expect(first.heard.count()).toBe(0);
      await second.stop();
    });
  });
}
