import { readStream } from "@aura-platform/client/stream.ts";
import { expect, test } from "vitest";

const answer = (text: string) => new Response(text, { headers: { "x-run-id": "run-1" } });
const event = (seq: number, type = "content") =>
  `: id: run-1:${seq}\nevent: ${type}\ndata: ${JSON.stringify({ type, data: {} })}\nid: run-1:${seq}\n\n`;
const DONE = "id: run-1:1\ndata: [DONE]\n\n";

/** What is seen of these connections, and the positions that they were asked for. */
async function read(first: string, ...next: string[]) {
  const positions: (string | null)[] = [];
  const stream = readStream(answer(first), {
    reopen: async (position) => {
      positions.push(position);
      return answer(next.shift() ?? DONE);
    },
  });
  const ids: string[] = [];
  for await (const { id } of stream.events) ids.push(id);
  return { ids, positions };
}

test("an end without [DONE] is none: it comes back behind the last event", async () => {
  expect(await read(event(1), event(2) + DONE)).toEqual({
    ids: ["run-1:1", "run-1:2"],
    positions: ["run-1:1"],
  });
});

test("an end behind an error is one; another event behind it takes that back", async () => {
  expect(await read(event(1) + event(2, "error"))).toEqual({ ids: ["run-1:1", "run-1:2"], positions: [] });
  const next = { ids: ["run-1:1", "run-1:2"], positions: ["run-1:2"] };
  expect(await read(event(1, "error") + event(2), DONE)).toEqual(next);
});

test("an event whose id came and whose end did not is asked for again", async () => {
  const half = event(2).slice(0, -1);
  expect(await read(event(1) + half, event(2) + DONE)).toEqual({
    ids: ["run-1:1", "run-1:2"],
    positions: ["run-1:1"],
  });
});

test("heartbeats are signs of life, however often a proxy cuts what waits", async () => {
  const cuts = Array.from({ length: 20 }, () => ": aura\nid: run-1:0\n: heartbeat\nid: run-1:0\n");
  const { positions } = await read(cuts[0] ?? "", ...cuts);
  expect(positions).toEqual(Array.from({ length: 21 }, () => null));
});
