import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ThreadRegistry } from "../../src/ports/thread-registry.ts";
import type { RunRecord } from "../../src/records/run.ts";
import { aRun, type MakeHarness, range } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

const CAPS = { queued: { user: 3, tenant: 5 } };

/** How many queued runs every ThreadRegistry lets a user and a tenant have. */
export function queuedRunsContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} thread registry, told how many runs may be queued,`, () => {
    let threads: ThreadRegistry;
    let other: ThreadRegistry;
    withHarness(makeHarness, (harness) => {
      threads = harness.backends[0].threads;
      other = harness.backends[1].threads;
    });

    const someone = (tenantId: string = randomUUID()) => ({ tenantId, userId: randomUUID() });
    const queue = async (owner: Pick<RunRecord, "tenantId" | "userId">, count: number) => {
      const runs = range(count).map(() => aRun(owner));
      for (const run of runs) expect(await threads.begin(run, CAPS)).toEqual({ kind: "started" });
      return runs;
    };

    it("refuses a user's next one, stores nothing of it, and lets others in", async () => {
      const kim = someone();
      await queue(kim, 3);
      const fourth = aRun(kim);
      expect(await other.begin(fourth, CAPS)).toEqual({ kind: "full", scope: "user" });
      expect(await threads.run(fourth.runId)).toBeNull();
      expect(await threads.thread(fourth.threadId)).toBeNull();
      const namesake = { tenantId: someone().tenantId, userId: kim.userId };
      await queue(namesake, 3);
      await queue(someone(kim.tenantId), 2);
      expect(await threads.begin(aRun(someone(kim.tenantId)), CAPS)).toEqual({
        kind: "full",
        scope: "tenant",
      });
      expect(await threads.begin(fourth)).toEqual({ kind: "started" });
    });

    it.each(["running", "cancelled", "failed"] as const)(
      "counts a run no longer that is %s",
      async (status) => {
        const kim = someone();
        const [first] = await queue(kim, 3);
        await other.transition(first!.runId, ["waiting"], "running", 2);
        expect(await threads.begin(aRun(kim), CAPS)).toMatchObject({ kind: "full" });
        await other.transition(first!.runId, ["queued"], status, 2);
        await queue(kim, 1);
        expect(await threads.begin(aRun(kim), CAPS)).toMatchObject({ kind: "full" });
      },
    );

    it("counts a run no longer that is begun before the many that were queued earlier", async () => {
      const kim = someone();
      const most = { queued: { user: 50, tenant: 50 } };
      const runs = range(50).map((n) => aRun({ ...kim, createdAt: 1_000 + n }));
      for (const run of runs) await threads.begin(run, most);
      expect(await threads.begin(aRun(kim), most)).toEqual({ kind: "full", scope: "user" });
      await other.transition(runs[49]!.runId, ["queued"], "running", 2_000);
      expect(await threads.begin(aRun(kim), most)).toEqual({ kind: "started" });
    });

    it("says of a thread that is busy, somebody else's or known by its key what it would say without caps", async () => {
      const [kim, lee] = [someone(), someone()];
      const idempotency = { key: randomUUID(), bodyDigest: "b1".repeat(32) };
      const [busy] = await queue(kim, 2);
      const repeated = aRun(kim);
      await threads.begin(repeated, { ...CAPS, idempotency });
      const [theirs] = await queue(lee, 1);
      expect(await threads.begin(aRun({ ...kim, threadId: busy!.threadId }), CAPS)).toMatchObject({
        kind: "busy",
      });
      expect(await threads.begin(aRun({ ...kim, threadId: theirs!.threadId }), CAPS)).toEqual({
        kind: "foreign",
      });
      const again = { kind: "repeated", runId: repeated.runId };
      expect(await other.begin(aRun(kim), { ...CAPS, idempotency })).toEqual(again);
      const nothing = { queued: { user: 0, tenant: 0 }, idempotency };
      expect(await other.begin(aRun(kim), nothing)).toEqual(again);
    });

    it("refuses on a waiting thread before its approvals are given up, and not after", async () => {
      const kim = someone();
      const [first] = await queue(kim, 3);
      await threads.transition(first!.runId, ["queued"], "running", 2);
      await threads.transition(first!.runId, ["running"], "waiting", 3);
      await queue(kim, 1);
      const next = aRun({ ...kim, threadId: first!.threadId });
      expect(await threads.begin(next, CAPS)).toEqual({ kind: "full", scope: "user" });
      expect((await threads.run(first!.runId))?.status).toBe("waiting");
      expect(await threads.begin(next, { ...CAPS, replaces: first!.runId })).toEqual({ kind: "started" });
    });

    it("lets in exactly as many of those that come at once", async () => {
      const tenantId = randomUUID();
      const runs = range(40).map((n) => aRun({ tenantId, userId: `user-${n % 4}` }));
      const begun = await Promise.all(runs.map((run, n) => (n % 2 ? threads : other).begin(run, CAPS)));
      expect(begun.filter(({ kind }) => kind === "started")).toHaveLength(5);
      expect(begun.filter(({ kind }) => kind === "full")).toHaveLength(35);
    });
  });
}
