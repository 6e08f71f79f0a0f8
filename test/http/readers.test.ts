import type { StoredEvent, WireEvent } from "@aura-platform/contract/events.ts";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { commentFrame, doneFrame, eventFrame } from "../../src/http/frame.ts";
import { browserGlobals, deliver, READERS, type Reader, type Seen } from "../helpers/sse-readers.ts";

const RUN = "run-1";

beforeAll(() => {
  for (const [name, value] of Object.entries(browserGlobals())) vi.stubGlobal(name, value);
});
afterAll(() => vi.unstubAllGlobals());

/** A run's events, and how many heartbeats come before each and before the end. */
interface Story {
  events: StoredEvent[];
  heartbeats: number[];
}

/** What the service writes to a client that comes with a position. */
function writesOf({ events, heartbeats }: Story, lastEventId: string | undefined): string {
  const after = lastEventId === undefined ? 0 : Number(/^run-1:(\d+)$/.exec(lastEventId)?.[1]);
  expect(after).not.toBeNaN();
  let text = commentFrame(RUN, after, "aura");
  const beats = (seq: number) => commentFrame(RUN, seq, "heartbeat").repeat(heartbeats[seq] ?? 0);
  for (const each of events.slice(after)) text += beats(each.seq - 1) + eventFrame(RUN, each, true);
  return text + beats(events.length) + doneFrame(RUN, events.length);
}

const expected = ({ events }: Story): Required<Seen>[] =>
  events.map((each) => ({
    id: `${RUN}:${each.seq}`,
    event: each.event.type,
    data: /\ndata: (.*)\n/.exec(eventFrame(RUN, each, true))?.[1] ?? "",
  }));

/** What a reader has seen, but for its end. */
async function seenBy(reader: Reader, open: Parameters<Reader>[0]): Promise<Seen[]> {
  const seen = await reader(open);
  expect(seen.at(-1)?.data).toBe("[DONE]");
  // A connection may break behind the end: then it is told again.
  return seen.filter(({ data }) => data !== "[DONE]");
}

const text = fc.string({ unit: "binary", maxLength: 40 });
const wire: fc.Arbitrary<WireEvent> = fc.oneof(
  text.map((content): WireEvent => ({ type: "thought", data: { content, timestamp: 1 } })),
  text.map(
    (content): WireEvent => ({ type: "content", data: { content, format: "markdown", messageId: "m" } }),
  ),
  fc.dictionary(text, text).map(
    (context): WireEvent => ({
      type: "hitl",
      data: {
        ...{ requestId: "req-1", actionType: "act", message: "?", context, toolCallId: "c" },
        requiresApproval: true,
      },
    }),
  ),
);
const story: fc.Arbitrary<Story> = fc.record({
  events: fc
    .array(wire, { maxLength: 6 })
    .map((events) => events.map((event, at) => ({ seq: at + 1, at: 0, event }))),
  heartbeats: fc.array(fc.nat(3), { maxLength: 7 }),
});

/** The bytes in pieces that are cut anywhere. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...places, bytes.length].map((end, at) => bytes.subarray(places[at - 1] ?? 0, end));
}
const cuts = fc.array(fc.nat(4_000), { maxLength: 20 });

describe.each(Object.entries(READERS))("%s", (name, reader) => {
  const saysIds = name !== "DWP's web client";
  const asSeen = (events: Required<Seen>[]): Seen[] =>
    saysIds ? events : events.map(({ data }) => ({ data }));

  test("[R8.29] [fuzz] sees exactly the events, whatever chunks they come in and however many heartbeats between them", async () => {
    await fc.assert(
      fc.asyncProperty(story, cuts, async (told, places) => {
        const bytes = Buffer.from(writesOf(told, undefined));
        const seen = await seenBy(reader, async () => deliver(pieces(bytes, places)));
        expect(seen).toEqual(asSeen(expected(told)));
      }),
    );
  });

  test("[fuzz] misses nothing over connections that break anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(story, fc.array(fc.nat(4_000), { maxLength: 4 }), async (told, breaks) => {
        const left = [...breaks];
        // Between an event's data and the end of its block there are two lines: its id and the empty one.
        let beforeId = 0;
        let afterId = 0;
        const seen = await seenBy(reader, async (lastEventId) => {
          const bytes = Buffer.from(writesOf(told, lastEventId));
          const place = left.shift();
          if (place === undefined) return deliver([bytes]);
          const end = place % (bytes.length + 1);
          const arrived = bytes.subarray(0, end).toString();
          if (/\ndata: .*\n[^\n]*$/.test(arrived)) beforeId += 1;
          if (/\ndata: .*\nid: \S*\n$/.test(arrived)) afterId += 1;
          return deliver([bytes.subarray(0, end)], true);
        });
        const events = asSeen(expected(told));
        if (name === "DWP's web client") {
          // It takes an event before its id has come: then it gets that one again.
          let next = 0;
          for (const each of seen) {
            if (each.data === events[next]?.data) next += 1;
            else expect(each).toEqual(events[next - 1]);
          }
          expect(next).toBe(events.length);
          expect(seen.length).toBeLessThanOrEqual(events.length + beforeId);
        } else if (name === "fetch-event-source") {
          // It takes an id before its event is whole: one byte lies between them.
          expect(seen.length).toBeGreaterThanOrEqual(events.length - afterId);
          if (afterId === 0) expect(seen).toEqual(events);
        } else expect(seen).toEqual(events);
      }),
      { numRuns: 300 },
    );
  });
});
