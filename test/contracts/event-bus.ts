import { describe, expect, it } from "vitest";
import type { EventBus, RawEvent } from "../../src/ports/event-bus.ts";
import { callCounter, type Harness, type MakeHarness } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

const CHANNELS = ["dwp:events:all", "dwp:events:mail", "dwp:events:approval"];

/** What every EventBus must do. */
export function eventBusContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} event bus`, () => {
    let harness: Harness;
    let bus: EventBus;
    withHarness(makeHarness, (made) => {
      harness = made;
      bus = harness.backends[0].events;
    });

    const listen = async (on: EventBus = bus) => {
      const events: RawEvent[] = [];
      const heard = callCounter();
      const gaps = callCounter();
      const stop = await on.listen({
        onEvent(event) {
          events.push(event);
          heard.call();
        },
        onGap: gaps.call,
      });
      return { events, heard, gaps, stop };
    };

    it("hears what is published on DWP's channels, in order and as it is", async () => {
      const payloads = ["", "not JSON", '{"eventId":"e"}', "한글 🧾\n\0", "x".repeat(1 << 20)];
      const { events, heard, gaps, stop } = await listen();
      const published = CHANNELS.flatMap((channel) => payloads.map((payload) => ({ channel, payload })));
      for (const { channel, payload } of published) await harness.publish(channel, payload);
      await heard.reached(published.length);
      expect(events).toEqual(published);
      expect(gaps.count()).toBe(0);
      await stop();
    });

    it("hears no other channel", async () => {
      const { events, heard, stop } = await listen();
      for (const channel of ["dwp:events", "dwp:events:", "dwp:events:mail:x", "xdwp:events:all", "*"]) {
        await harness.publish(channel, "{}");
      }
      await harness.publish("dwp:events:all", "last");
      await heard.reached(1);
      expect(events).toEqual([{ channel: "dwp:events:all", payload: "last" }]);
      await stop();
    });

    it("serves several listeners, and each until it stops", async () => {
      const first = await listen();
      const second = await listen();
      const third = await listen(harness.backends[1].events);
      await harness.publish("dwp:events:mail", "1");
      await Promise.all([first, second, third].map(({ heard }) => heard.reached(1)));
      await first.stop();
      await first.stop();
      await harness.publish("dwp:events:mail", "2");
      await Promise.all([second, third].map(({ heard }) => heard.reached(2)));
      expect(first.heard.count()).toBe(1);
      await Promise.all([second.stop(), third.stop()]);
      const fourth = await listen();
      await harness.publish("dwp:events:approval", "3");
      await fourth.heard.reached(1);
      expect(fourth.events).toEqual([{ channel: "dwp:events:approval", payload: "3" }]);
      expect([second.heard.count(), third.heard.count()]).toEqual([2, 2]);
      await fourth.stop();
    });
  });
}
