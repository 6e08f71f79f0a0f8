import { readSse, type SseFrame } from "@aura-platform/client/sse.ts";
import { expect, test } from "vitest";

/** What a run's stream looks like: a position, an event, a heartbeat, the end. */
const STREAM = [
  ": aura\nid: run-1:0\n",
  ': id: run-1:1\nevent: content\ndata: {"content":"안녕 👍"}\nid: run-1:1\n\n',
  ": heartbeat\nid: run-1:1\n",
  "id: run-1:1\ndata: [DONE]\n\n",
].join("");

const FRAMES: SseFrame[] = [
  { comment: "aura" },
  { comment: "id: run-1:1" },
  { id: "run-1:1", event: "content", data: '{"content":"안녕 👍"}' },
  { comment: "heartbeat" },
  { id: "run-1:1", data: "[DONE]" },
];

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, size = text.length * 4): Promise<SseFrame[]> {
  const frames: SseFrame[] = [];
  for await (const frame of readSse(inPieces(new TextEncoder().encode(text), size))) frames.push(frame);
  return frames;
}

test.each([1, 2, 3, 7, 1000])(
  "events that are cut every %i bytes, inside characters too, arrive whole",
  async (size) => {
    expect(await read(STREAM, size)).toEqual(FRAMES);
  },
);

test.each(["\r\n", "\r"])("lines may end with %j, wherever the chunks are cut", async (end) => {
  for (const size of [1, 2, 5]) {
    expect(await read(STREAM.replaceAll("\n", end), size)).toEqual(FRAMES);
  }
});

test("the last id of a block is its id: the Gateway's, in front, does not count", async () => {
  expect(await read("id: 1706152860123456\nid: run-1:2\ndata: x\nid: run-1:2\n\n")).toEqual([
    { id: "run-1:2", data: "x" },
  ]);
});

test("what a broken connection leaves unfinished is no event, and its id no position", async () => {
  expect(await read('id: run-1:1\ndata: a\n\nid: run-1:2\ndata: {"half":')).toEqual([
    { id: "run-1:1", data: "a" },
  ]);
  expect(await read("id: run-1:1\ndata: a\n\nid: run-1:2\ndata: whole\n")).toHaveLength(1);
});

test("the rest of the format: data lines are joined, one space is taken away, unknown fields are nothing", async () => {
  expect(await read("\ufeffdata:a\ndata:  b\ndata\nretry: 5\nfoo: bar\n: comment\nid: x\0y\n\n")).toEqual([
    { comment: "comment" },
    { data: "a\n b\n" },
  ]);
});
