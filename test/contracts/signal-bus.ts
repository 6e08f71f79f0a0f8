import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { RawSignal, SignalBus } from "../../src/ports/signal-bus.ts";
import { callCounter, type Harness, hostileIds, type MakeHarness } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

/** What every SignalBus must do. */
export function signalBusContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} signal bus`, () => {
    let harness: Harness;
    let bus: SignalBus;
    withHarness(makeHarness, (made) => {
      harness = made;
      bus = harness.backends[0].signals;
    });

    const listen = async (on: SignalBus = bus) => {
      const signals: RawSignal[] = [];
      const heard = callCounter();
      const gaps = callCounter();
      const stop = await on.listen({
        onSignal(signal) {
          signals.push(signal);
          heard.call();
        },
        onGap: gaps.call,
      });
      return { signals, heard, gaps, stop };
    };

    it("tells once that messages may have been missed before it listened", async () => {
      const { gaps, stop } = await listen();
      expect(gaps.count()).toBe(1);
      await stop();
    });

    it("hears the signals of every session, whatever its id is", async () => {
      const ids = hostileIds();
      const { signals, heard, stop } = await listen();
      for (const id of ids) await harness.publish(`hitl:channel:${id}`, `to ${id}`);
      await heard.reached(ids.length);
      expect(signals).toEqual(ids.map((id) => ({ sessionId: id, payload: `to ${id}` })));
      await stop();
    });

    it("hears no other channel", async () => {
      const { signals, heard, stop } = await listen();
      for (const channel of [
        "hitl:channel",
        "hitl:channels:x",
        "xhitl:channel:x",
        "hitl:request:x",
        "dwp:events:all",
      ]) {
        await harness.publish(channel, "{}");
      }
      await harness.publish("hitl:channel:last", "{}");
      await heard.reached(1);
      expect(signals).toEqual([{ sessionId: "last", payload: "{}" }]);
      await stop();
    });

    it("passes the payload on as it is", async () => {
      const payloads = ["", "not JSON", '{"type":"approval"}', "한글 🧾\n\0", "x".repeat(1 << 20)];
      const { signals, heard, stop } = await listen();
      for (const payload of payloads) await harness.publish("hitl:channel:s", payload);
      await heard.reached(payloads.length);
      expect(signals.map(({ payload }) => payload)).toEqual(payloads);
      await stop();
    });

    it("serves several listeners, and each until it stops", async () => {
      const first = await listen();
      const second = await listen();
      const third = await listen(harness.backends[1].signals);
      await harness.publish("hitl:channel:s", "1");
      await Promise.all([first, second, third].map(({ heard }) => heard.reached(1)));
      await first.stop();
      await first.stop();
      await harness.publish("hitl:channel:s", "2");
      await Promise.all([second, third].map(({ heard }) => heard.reached(2)));
      expect(first.heard.count()).toBe(1);
      await second.stop();
      const fourth = await listen();
      const session = randomUUID();
      await harness.publish(`hitl:channel:${session}`, "3");
      await fourth.heard.reached(1);
      expect(fourth.signals).toEqual([{ sessionId: session, payload: "3" }]);
      expect(second.heard.count()).toBe(2);
      await Promise.all([third.stop(), fourth.stop()]);
    });
  });
}
