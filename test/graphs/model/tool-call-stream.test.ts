import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CallFragment, toolCallCollector } from "../../../graphs/model/tool-call-stream.ts";

function collect(...fragments: CallFragment[]) {
  return collectAtMost(32, fragments);
}

function collectAtMost(most: number, fragments: Iterable<CallFragment>) {
  const collector = toolCallCollector(most);
  for (const fragment of fragments) collector.add(fragment);
  return collector.finish();
}

describe("collecting streamed tool calls", () => {
  it("keeps interleaved calls apart by their index", () => {
    const calls = collect(
      { index: 0, id: "a", name: "x", args: "" },
      { index: 1, id: "b", name: "y", args: "" },
      { index: 0, args: '{"n":' },
      { index: 1, args: '{"n":2}' },
      { index: 0, args: "1}" },
    );
    expect(calls).toEqual([
      { id: "a", name: "x", args: { n: 1 } },
      { id: "b", name: "y", args: { n: 2 } },
    ]);
  });

  it("takes whole calls that all have index 0, or none", () => {
    for (const index of [0, undefined]) {
      const calls = collect(
        { index, id: "a", name: "x", args: "{}" },
        { index, id: "b", name: "x", args: "{}" },
      );
      expect(calls.map(({ id }) => id)).toEqual(["a", "b"]);
    }
  });

  it("is not misled by servers that repeat name and id with every fragment", () => {
    const again = { index: 0, id: "a", name: "x" };
    expect(collect({ ...again, args: '{"n"' }, { ...again, args: ":1}" }, { ...again, args: "" })).toEqual([
      { id: "a", name: "x", args: { n: 1 } },
    ]);
  });

  it("reads missing arguments as none", () => {
    expect(collect({ index: 0, id: "a", name: "x" })).toEqual([{ id: "a", name: "x", args: {} }]);
    expect(collect({ index: 0, id: "a", name: "x", args: "  " })[0]?.malformed).toBeUndefined();
  });

  it.each([101, 5_000, 100_000])("does not take arguments that nest %i levels deep", (depth) => {
    const nested = (levels: number) => `{"a":${"[".repeat(levels - 1)}1${"]".repeat(levels - 1)}}`;
    const [call] = collect({ index: 0, id: "a", name: "x", args: nested(depth) });
    expect(call).toMatchObject({ args: {}, malformed: { problem: expect.stringContaining("100 levels") } });
    expect(collect({ index: 0, id: "a", name: "x", args: nested(100) })[0]?.malformed).toBeUndefined();
  });

  it.each(['{"a":', "[1]", '"text"', "{a:1}"])("marks %s as malformed", (args) => {
    expect(collect({ index: 0, id: "a", name: "x", args })).toEqual([
      { id: "a", name: "x", args: {}, malformed: { text: args, problem: expect.any(String) } },
    ]);
  });
});

describe("more calls than may be", () => {
  const whole = (count: number, rest: CallFragment = {}) =>
    Array.from({ length: count }, (_, at) => ({ index: at, id: `c${at}`, name: "x", args: "{}", ...rest }));

  it.each<[string, CallFragment]>([
    ["numbered", {}],
    ["all of them with index 0", { index: 0 }],
    ["without a number", { index: undefined }],
    ["without ids", { id: undefined }],
    ["without either", { id: undefined, index: 0 }],
  ])("keeps the first ones, and one for all others (%s)", (_, rest) => {
    const calls = collectAtMost(3, whole(10, rest));
    expect(calls).toHaveLength(4);
    expect(calls.map(({ dropped }) => dropped)).toEqual([undefined, undefined, undefined, 7]);
    expect(collectAtMost(3, whole(3, rest)).map(({ dropped }) => dropped)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("gives nothing of a dropped call to one that was kept", () => {
    const calls = collectAtMost(2, [
      { index: 0, id: "a", name: "x", args: '{"n":' },
      { index: 1, id: "b", name: "y", args: "" },
      { index: 2, id: "c", name: "z", args: '{"lost"' },
      { index: 0, args: "1}" },
      { index: 2, args: ":1}" },
      { index: 1, args: '{"n":2}' },
      { index: 7, args: "{}" },
    ]);
    expect(calls).toEqual([
      { id: "a", name: "x", args: { n: 1 } },
      { id: "b", name: "y", args: { n: 2 } },
      { id: "c", name: "z", args: {}, dropped: 1 },
    ]);
  });

  it("takes no name that is repeated at a call's end for a call", () => {
    const one = (at: number) => [
      { index: 0, id: `c${at}`, name: "x", args: '{"n":1}' },
      { index: 0, id: `c${at}`, name: "x", args: "" },
    ];
    const calls = collectAtMost(3, [one(1), one(2), one(3)].flat());
    expect(calls.map(({ id, dropped }) => [id, dropped])).toEqual([
      ["c1", undefined],
      ["c2", undefined],
      ["c3", undefined],
    ]);
    expect(collectAtMost(2, [one(1), one(2), one(3)].flat()).at(-1)).toMatchObject({ dropped: 1 });
  });

  it("says that arguments are too long, and keeps the other calls", () => {
    const calls = collect(
      { index: 0, id: "a", name: "x", args: '{"text":"' },
      ...Array.from({ length: 300 }, () => ({ index: 0, args: "y".repeat(1_000) })),
      { index: 0, args: '"}' },
      { index: 1, id: "b", name: "x", args: "{}" },
    );
    expect(calls).toMatchObject([
      { args: {}, malformed: { problem: expect.stringContaining("longer than 262144") } },
      { id: "b", args: {} },
    ]);
    expect(calls[0]?.malformed?.text.length).toBeLessThan(262_145);
  });

  it("does not cut an id or a name into one that somebody uses", () => {
    const [call] = collect({ index: 0, id: "i".repeat(300), name: "n".repeat(300), args: "{}" });
    expect(call).toMatchObject({ id: "", name: "n".repeat(100) });
  });

  // With work that grows as the square of the fragments this takes minutes.
  it.each<[string, CallFragment, CallFragment]>([
    ["open arguments", { args: '{"text":"' }, { args: "yyy" }],
    ["what looks closed", { args: "{x}" }, { args: " " }],
  ])("reads a server that repeats the name with each of 80,000 fragments: %s", (_, first, rest) => {
    const again = { index: 0, id: "a", name: "x" };
    const fragments = Array.from({ length: 80_000 }, () => ({ ...again, ...rest }));
    expect(collect({ ...again, ...first }, ...fragments)).toMatchObject([{ id: "a", args: {} }]);
  });

  it("reads 200,000 calls", () => {
    const calls = collectAtMost(32, whole(200_000));
    expect(calls.at(-1)?.dropped).toBe(200_000 - 32);
  });
});

it("a finished call that is repeated at its end takes nobody's place within the limit", () => {
  const a = { index: 0, id: "a", name: "x", args: "{}" };
  const fragments = [a, { index: 0, id: "a", name: "x" }, { index: 1, id: "b", name: "y", args: '{"k":1}' }];
  expect(collectAtMost(2, fragments).map(({ id, args, dropped }) => [id, args, dropped])).toEqual([
    ["a", {}, undefined],
    ["b", { k: 1 }, undefined],
  ]);
  const late = [...fragments, { index: 0, args: '{"late":1}' }];
  expect(collectAtMost(2, late).map(({ id, dropped }) => [id, dropped])).toEqual([
    ["a", undefined],
    ["a", undefined],
    ["b", 1],
  ]);
});

it("takes any fragments in any order: it never throws, and keeps to the limit", () => {
  const fragment = fc.record(
    {
      index: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant("0"), fc.constant(undefined)),
      id: fc.oneof(fc.constantFrom("", "a", "b"), fc.string(), fc.constant(undefined)),
      name: fc.oneof(fc.constantFrom("", "x", "y"), fc.string(), fc.constant(undefined)),
      args: fc.oneof(fc.constantFrom("", "{", "}", "{}", '{"a":', '"}', " "), fc.string(), fc.json()),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), (fragments, most) => {
      const calls = collectAtMost(most, fragments);
      expect(calls.length).toBeLessThanOrEqual(most + 1);
      for (const [at, { args, dropped }] of calls.entries()) {
        expect(Object.prototype.toString.call(args)).toBe("[object Object]");
        if (dropped !== undefined) expect([at, dropped >= 1]).toEqual([calls.length - 1, true]);
      }
      // What is within the limit is read as if there were none.
      const free = collectAtMost(1_000, fragments);
      expect(calls.slice(0, most).map(({ id, name, args }) => ({ id, name, args }))).toEqual(
        free.slice(0, most).map(({ id, name, args }) => ({ id, name, args })),
      );
    }),
    { numRuns: 500 },
  );
});
