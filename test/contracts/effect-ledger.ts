import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { EffectKey, EffectLedger } from "../../src/ports/effect-ledger.ts";
import { LeaseLostError } from "../../src/ports/thread-lease.ts";
import { awkwardContext, type Harness, hostileIds, type MakeHarness, range } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

const anEffect = (fields: Partial<EffectKey> = {}): EffectKey => ({
  threadId: randomUUID(),
  taskId: randomUUID(),
  toolCallId: "call_0",
  ...fields,
});

/** What every EffectLedger must do. */
export function effectLedgerContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} effect ledger`, () => {
    let harness: Harness;
    let ledger: EffectLedger;
    let other: EffectLedger;
    withHarness(makeHarness, (made) => {
      harness = made;
      ledger = harness.backends[0].ledger;
      other = harness.backends[1].ledger;
    });

    it("knows what was begun, and what came of it", async () => {
      const key = anEffect();
      expect(await ledger.begin(key)).toEqual({ state: "new" });
      expect(await ledger.begin(key)).toEqual({ state: "started" });
      expect(await other.begin({ ...key })).toEqual({ state: "started" });
      await ledger.finish(key, { ok: true, result: 1 });
      expect(await other.begin(key)).toEqual({ state: "done", outcome: { ok: true, result: 1 } });
      await other.finish(key, { ok: true, result: 1 });
      expect(await ledger.begin(key)).toEqual({ state: "done", outcome: { ok: true, result: 1 } });
    });

    it("lets exactly one of 20 begin", async () => {
      const key = anEffect();
      const states = await Promise.all(
        range(20).map((index) => (index % 2 === 0 ? ledger : other).begin(key)),
      );
      expect(states.filter(({ state }) => state === "new")).toHaveLength(1);
      expect(states.filter(({ state }) => state === "started")).toHaveLength(19);
    });

    it("lets nobody begin who does not work on the thread any more", async () => {
      const key = anEffect();
      const { leases } = harness.backends[0];
      await leases.acquire(key.threadId, "frozen", 60_000);
      await harness.expireLease(key.threadId);
      await expect(ledger.begin(key, "frozen")).rejects.toThrow(LeaseLostError);
      await leases.acquire(key.threadId, "next", 60_000);
      await expect(ledger.begin(key, "frozen")).rejects.toThrow(LeaseLostError);
      expect(await other.begin(key, "next")).toEqual({ state: "new" });
      // What came of an effect is worth knowing, whoever has it.
      await ledger.finish(key, 1);
      expect(await other.begin(key, "next")).toEqual({ state: "done", outcome: 1 });
    });

    it.each([null, false, 0, "", [], {}, "done", awkwardContext(), undefined])(
      "keeps an outcome as JSON does: case %#",
      async (outcome) => {
        const key = anEffect();
        await ledger.begin(key);
        await ledger.finish(key, outcome);
        const expected: unknown = JSON.parse(JSON.stringify(outcome ?? null));
        expect(await other.begin(key)).toEqual({ state: "done", outcome: expected });
      },
    );

    it("concludes what has begun as unknown, for good, and keeps a late outcome beside it", async () => {
      const key = anEffect();
      const saved = () => harness.backends[1].archive.effects(key.threadId);
      const { taskId, toolCallId } = key;
      await ledger.begin(key);
      expect(await other.conclude(key)).toEqual({ state: "ended", as: "unknown" });
      expect(await ledger.conclude(key)).toEqual({ state: "ended", as: "unknown" });
      expect(await ledger.begin(key)).toEqual({ state: "ended", as: "unknown" });
      expect(await saved()).toEqual([{ taskId, toolCallId, ended: "unknown" }]);
      for (const outcome of [
        { ok: true, result: awkwardContext() },
        { ok: true, result: 2 },
      ]) {
        await ledger.finish(key, outcome);
        expect(await other.conclude(key)).toEqual({ state: "ended", as: "unknown" });
        expect(await other.begin(key)).toEqual({ state: "ended", as: "unknown" });
        const later: unknown = JSON.parse(JSON.stringify(outcome));
        expect(await saved()).toEqual([{ taskId, toolCallId, ended: "unknown", later }]);
      }
    });

    it("concludes what is done as it is, and lets nobody begin what it concludes as never begun", async () => {
      const done = anEffect();
      await ledger.begin(done);
      await ledger.finish(done, { ok: true });
      expect(await other.conclude(done)).toEqual({ state: "done", outcome: { ok: true } });
      expect(await other.begin(done)).toEqual({ state: "done", outcome: { ok: true } });

      const never = anEffect();
      expect(await other.conclude(never)).toEqual({ state: "ended", as: "never" });
      expect(await ledger.begin(never)).toEqual({ state: "ended", as: "never" });
      expect(await ledger.conclude(never)).toEqual({ state: "ended", as: "never" });
      const { taskId, toolCallId } = never;
      expect(await harness.backends[0].archive.effects(never.threadId)).toEqual([
        { taskId, toolCallId, ended: "never" },
      ]);
    });

    it("gives one answer to all who begin and conclude at once", async () => {
      for (const round of range(10)) {
        const key = anEffect();
        const asked = range(6).map((at) => {
          const by = at % 2 === 0 ? ledger : other;
          return (at + round) % 3 === 0 ? by.begin(key) : by.conclude(key);
        });
        const states = await Promise.all(asked);
        const began = states.some(({ state }) => state === "new");
        const concluded = await ledger.conclude(key);
        expect(concluded).toEqual({ state: "ended", as: began ? "unknown" : "never" });
        expect(states.filter(({ state }) => state === "ended")).toSatisfy((all) =>
          all.every((each: unknown) => JSON.stringify(each) === JSON.stringify(concluded)),
        );
      }
    });

    it("hands out copies", async () => {
      const key = anEffect();
      const outcome = { list: [1] };
      await ledger.finish(key, outcome);
      outcome.list.push(2);
      const first = await ledger.begin(key);
      expect(first).toEqual({ state: "done", outcome: { list: [1] } });
      if (first.state === "done") Object.assign(first.outcome as object, { list: [] });
      expect(await ledger.begin(key)).toEqual({ state: "done", outcome: { list: [1] } });
    });

    it("tells calls apart by every part of the key, whatever it holds", async () => {
      const ids = hostileIds();
      const keys = [
        ...ids.map((threadId) => anEffect({ threadId, taskId: "t" })),
        ...ids.map((taskId) => anEffect({ threadId: "thread", taskId })),
        ...ids.map((toolCallId) => anEffect({ threadId: "thread", taskId: "t", toolCallId })),
        anEffect({ threadId: "x", taskId: "a", toolCallId: "b:c" }),
        anEffect({ threadId: "x", taskId: "a:b", toolCallId: "c" }),
        anEffect({ threadId: "x", taskId: 'a","b', toolCallId: "c" }),
        anEffect({ threadId: "x", taskId: "a", toolCallId: 'b","c' }),
        anEffect({ threadId: "x", taskId: "", toolCallId: "" }),
      ];
      for (const key of keys) expect(await ledger.begin(key)).toEqual({ state: "new" });
      await Promise.all(keys.map((key, index) => ledger.finish(key, index)));
      for (const [index, key] of keys.entries()) {
        expect(await other.begin(key)).toEqual({ state: "done", outcome: index });
      }
    });
  });
}
