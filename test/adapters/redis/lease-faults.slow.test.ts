import { describe, expect, it } from "vitest";
import { aRun, callCounter, dueRun } from "../../contracts/harness.ts";
import { BACK, jobStage } from "./job-stage.ts";

describe("the redis backend's threads and leases", () => {
  const { redis, logger, connect } = jobStage();

  it("keeps leases, their notes and what is due through a restart of Redis", async () => {
    const { threads, leases } = connect();
    const [working, idle] = [aRun({ createdAt: 1 }), aRun({ createdAt: 2 })];
    for (const run of [working, idle]) await threads.begin(run);
    const held = { threadId: working.threadId, holder: "holder" };
    expect(await leases.acquire(held.threadId, held.holder, 60_000)).toBe(true);
    expect(await leases.acquire(held.threadId, "other", 60_000)).toBe(false);
    const back = logger().next(BACK);
    await redis().restart({ keepData: true });
    await back;
    expect(await threads.takeDue(10, 20, 10)).toEqual([dueRun(idle)]);
    expect(await leases.renew([held], 60_000)).toEqual([]);
    expect(await leases.release(held.threadId, held.holder, 60_000)).toBe("again");
    expect(await leases.release(held.threadId, held.holder, 60_000)).toBe("released");
  });

  it("gives a lease to others when Redis has lost it", async () => {
    const { leases } = connect();
    expect(await leases.acquire("t", "holder", 60_000)).toBe(true);
    const back = logger().next(BACK);
    await redis().restart({ keepData: false });
    await back;
    expect(await leases.acquire("t", "next", 60_000)).toBe(true);
    expect(await leases.renew([{ threadId: "t", holder: "holder" }], 60_000)).toEqual(["t"]);
    expect(await leases.release("t", "holder", 60_000)).toBe("lost");
    expect(await leases.release("t", "next", 60_000)).toBe("released");
  });

  it("lets a lease run out by itself", async () => {
    const { leases } = connect();
    expect(await leases.acquire("t", "holder", 50)).toBe(true);
    await expect.poll(() => leases.acquire("t", "next", 60_000)).toBe(true);
    expect(await leases.release("t", "holder", 60_000)).toBe("lost");
  });

  it("wakes watchers of threads after a cut", async () => {
    const changes = callCounter();
    const run = aRun();
    const { threads } = connect();
    await threads.watch(run.threadId, changes.call);
    await redis().client().call("CLIENT", ["KILL", "TYPE", "pubsub"]);
    await changes.reached(1);
    await threads.begin(run);
    await changes.reached(2);
  });
});
