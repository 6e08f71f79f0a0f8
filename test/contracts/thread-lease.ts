import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ThreadLeases } from "../../src/ports/thread-lease.ts";
import { type Harness, hostileIds, type MakeHarness, range } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

const TTL_MS = 30_000;

/** What every ThreadLeases must do. */
export function threadLeaseContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} thread leases`, () => {
    let harness: Harness;
    let leases: ThreadLeases;
    let other: ThreadLeases;
    withHarness(makeHarness, (made) => {
      harness = made;
      leases = harness.backends[0].leases;
      other = harness.backends[1].leases;
    });

    const held = async () => {
      const lease = { threadId: randomUUID(), holder: randomUUID() };
      expect(await leases.acquire(lease.threadId, lease.holder, TTL_MS)).toBe(true);
      return lease;
    };

    it("gives a lease to one holder until it is given back", async () => {
      const { threadId, holder } = await held();
      expect(await leases.release(threadId, holder, TTL_MS)).toBe("released");
      expect(await leases.release(threadId, holder, TTL_MS)).toBe("lost");
      expect(await other.acquire(threadId, "next", TTL_MS)).toBe(true);
      expect(await other.release(threadId, "next", TTL_MS)).toBe("released");
    });

    it("turns away everybody else, the same holder too, and tells the holder once", async () => {
      const { threadId, holder } = await held();
      for (const second of ["a", "b", holder])
        expect(await other.acquire(threadId, second, TTL_MS)).toBe(false);
      expect(await leases.release(threadId, holder, TTL_MS)).toBe("again");
      expect(await other.acquire(threadId, "c", TTL_MS)).toBe(false);
      expect(await leases.release(threadId, holder, TTL_MS)).toBe("again");
      expect(await leases.release(threadId, holder, TTL_MS)).toBe("released");
    });

    it("does not pass a note on to the next holder", async () => {
      const { threadId, holder } = await held();
      await other.acquire(threadId, "a", TTL_MS);
      await harness.expireLease(threadId);
      expect(await other.acquire(threadId, "b", TTL_MS)).toBe(true);
      expect(await leases.release(threadId, holder, TTL_MS)).toBe("lost");
      expect(await other.release(threadId, "b", TTL_MS)).toBe("released");
    });

    it("lets nobody but the holder release or prolong", async () => {
      const { threadId, holder } = await held();
      expect(await other.release(threadId, "stranger", TTL_MS)).toBe("lost");
      expect(await other.renew([{ threadId, holder: "stranger" }], TTL_MS)).toEqual([threadId]);
      expect(await leases.renew([{ threadId, holder }], TTL_MS)).toEqual([]);
      expect(await leases.release(threadId, holder, TTL_MS)).toBe("released");
      expect(await leases.renew([{ threadId, holder }], TTL_MS)).toEqual([threadId]);
    });

    it("prolongs many, and names those that are lost, in their order", async () => {
      const all = await Promise.all(range(200).map(held));
      const [free, taken] = [all[7]!, all[150]!];
      for (const { threadId, holder } of [free, taken]) await leases.release(threadId, holder, TTL_MS);
      expect(await other.acquire(taken.threadId, "next", TTL_MS)).toBe(true);
      expect(await leases.renew([], TTL_MS)).toEqual([]);
      expect(await leases.renew(all, TTL_MS)).toEqual([free.threadId, taken.threadId]);
    });

    it("ends when its time is over", async () => {
      const { threadId, holder } = await held();
      await leases.renew([{ threadId, holder }], TTL_MS);
      await harness.expireLease(threadId);
      expect(await leases.renew([{ threadId, holder }], TTL_MS)).toEqual([threadId]);
      expect(await other.acquire(threadId, "next", TTL_MS)).toBe(true);
      expect(await leases.release(threadId, holder, TTL_MS)).toBe("lost");
    });

    it("gives one of many who come at once the lease, and tells it of the others", async () => {
      for (const _ of range(20)) {
        const threadId = randomUUID();
        const answers = await Promise.all(
          range(16).map((index) => (index % 2 ? leases : other).acquire(threadId, `holder-${index}`, TTL_MS)),
        );
        expect(answers.filter(Boolean)).toHaveLength(1);
        const holder = `holder-${answers.indexOf(true)}`;
        expect(await leases.release(threadId, holder, TTL_MS)).toBe("again");
        expect(await leases.release(threadId, holder, TTL_MS)).toBe("released");
      }
    });

    it("loses no change, whoever of many works on the thread and whoever only leaves a note", async () => {
      for (const round of range(20)) {
        const threadId = randomUUID();
        let written = 0;
        let seen = 0;
        let working = 0;
        let overlapped = false;
        // What a worker does for a job: take the thread, look at the records, look again when told to.
        const attend = async (index: number) => {
          written += 1;
          const mine = (index + round) % 2 ? leases : other;
          const holder = randomUUID();
          if (!(await mine.acquire(threadId, holder, TTL_MS))) return;
          overlapped ||= working > 0;
          let answer = "again";
          while (answer === "again") {
            working += 1;
            const found = written;
            for (const _ of range(index % 4)) await mine.renew([{ threadId, holder }], TTL_MS);
            seen = found;
            working -= 1;
            answer = await mine.release(threadId, holder, TTL_MS);
          }
          expect(answer).toBe("released");
        };
        await Promise.all(
          range(12).map(async (index) => {
            // Spread over several turns of Redis, in another order each round.
            for (const _ of range((index * (round + 1)) % 7))
              await leases.renew([{ threadId: "t", holder: "" }], 1);
            await attend(index);
          }),
        );
        expect({ seen, overlapped }).toEqual({ seen: written, overlapped: false });
      }
    });

    it("keeps threads apart whatever their ids are", async () => {
      const all = hostileIds().map((id) => ({ threadId: id, holder: id }));
      for (const { threadId, holder } of all)
        expect(await leases.acquire(threadId, holder, TTL_MS)).toBe(true);
      expect(await other.renew(all, TTL_MS)).toEqual([]);
      for (const { threadId, holder } of all) {
        expect(await other.release(threadId, holder, TTL_MS)).toBe("released");
      }
    });
  });
}
