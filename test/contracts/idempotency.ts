import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ThreadRegistry } from "../../src/ports/thread-registry.ts";
import { aRun, bringTo, hostileIds, type MakeHarness, range } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

const BODY = "b1".repeat(32);
const OTHER_BODY = "b2".repeat(32);

/** What every ThreadRegistry must do with an Idempotency-Key. */
export function idempotencyContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} thread registry, given an Idempotency-Key,`, () => {
    let threads: ThreadRegistry;
    let other: ThreadRegistry;
    withHarness(makeHarness, (harness) => {
      threads = harness.backends[0].threads;
      other = harness.backends[1].threads;
    });

    const withKey = (key: string, bodyDigest = BODY) => ({ idempotency: { key, bodyDigest } });

    it("starts one run, and tells which whatever has become of it", async () => {
      const key = randomUUID();
      const run = aRun();
      expect(await threads.begin(run, withKey(key))).toEqual({ kind: "started" });
      const repeated = { kind: "repeated", runId: run.runId };
      // The thread is busy, and then it is not; another thread never is.
      expect(await other.begin(aRun({ threadId: run.threadId }), withKey(key))).toEqual(repeated);
      await bringTo(threads, run.runId, "completed", 2);
      const again = aRun({ threadId: run.threadId });
      expect(await other.begin(again, withKey(key))).toEqual(repeated);
      expect(await other.begin(aRun(), withKey(key))).toEqual(repeated);
      expect(await threads.run(again.runId)).toBeNull();
      expect(await threads.runsOf(run.threadId)).toEqual([run.runId]);
    });

    it("refuses another body, and stores nothing", async () => {
      const key = randomUUID();
      await threads.begin(aRun(), withKey(key));
      const second = aRun();
      expect(await other.begin(second, withKey(key, OTHER_BODY))).toEqual({ kind: "mismatch" });
      expect(await threads.thread(second.threadId)).toBeNull();
      expect(await threads.run(second.runId)).toBeNull();
    });

    it.each([
      ["tenant", { tenantId: "tenant2" }],
      ["user", { userId: "user124" }],
      ["split of the same text", { tenantId: "tenant1:user", userId: "123" }],
    ])("knows nothing of the keys of another %s", async (_, owner) => {
      const key = randomUUID();
      await threads.begin(aRun({ tenantId: "tenant1", userId: "user:123" }), withKey(key));
      expect(await other.begin(aRun(owner), withKey(key, OTHER_BODY))).toEqual({ kind: "started" });
    });

    it("leaves the key free when no run was started", async () => {
      const key = randomUUID();
      const run = aRun();
      await threads.begin(run);
      const busy = aRun({ threadId: run.threadId });
      expect(await threads.begin(busy, withKey(key))).toMatchObject({ kind: "busy" });
      const foreign = aRun({ threadId: run.threadId, userId: "user124" });
      expect(await threads.begin(foreign, withKey(key))).toEqual({ kind: "foreign" });
      await threads.transition(run.runId, ["queued"], "running", 2);
      await threads.transition(run.runId, ["running"], "waiting", 3);
      const replacing = { ...withKey(key, OTHER_BODY), replaces: run.runId };
      expect(await threads.begin(busy, replacing)).toEqual({ kind: "started" });
      expect(await other.begin(aRun(), withKey(key, OTHER_BODY))).toEqual({
        kind: "repeated",
        runId: busy.runId,
      });
    });

    it("starts exactly one of many that come at once", async () => {
      for (const _ of range(10)) {
        const key = randomUUID();
        const runs = range(8).map(() => aRun());
        const results = await Promise.all(
          runs.map((run, index) => (index % 2 ? threads : other).begin(run, withKey(key))),
        );
        const started = runs.filter((_, index) => results[index]?.kind === "started");
        expect(started).toHaveLength(1);
        const repeated = { kind: "repeated", runId: started[0]!.runId };
        expect(results.filter(({ kind }) => kind !== "started")).toEqual(range(7).map(() => repeated));
      }
    });

    it("keeps keys apart whatever they are", async () => {
      for (const key of hostileIds()) {
        expect(await threads.begin(aRun(), withKey(key))).toEqual({ kind: "started" });
      }
    });
  });
}
