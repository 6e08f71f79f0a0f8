import { describe, expect, it } from "vitest";
import { type CallFragment, toolCallCollector } from "../../../graphs/tool-call-stream.ts";

function collect(...fragments: CallFragment[]) {
  const collector = toolCallCollector();
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

  it.each(['{"a":', "[1]", "null", '"text"', "{a:1}"])("marks %s as malformed", (args) => {
    expect(collect({ index: 0, id: "a", name: "x", args })).toEqual([
      { id: "a", name: "x", args: {}, malformed: { text: args, problem: expect.any(String) } },
    ]);
  });
});
