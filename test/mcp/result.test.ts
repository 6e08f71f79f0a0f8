import { expect, test } from "vitest";
import { toResult } from "../../src/mcp/result.ts";

/** Lists in lists; JSON.stringify runs out of stack over them. */
function nested(depth: number): Record<string, unknown> {
  let value: unknown = 1;
  for (let level = 1; level < depth; level += 1) value = [value];
  return { value };
}

test("structured content that nests too deeply is left out, and that is said; the rest of the answer arrives", () => {
  const content = [{ type: "text" as const, text: "done" }];
  expect(toResult({ content, structuredContent: nested(50_000) })).toEqual({
    text: "done",
    omitted: "structured content that nests too deeply",
  });
  const deepEnough = nested(100);
  expect(toResult({ content, structuredContent: deepEnough })).toEqual({
    text: "done",
    structuredContent: deepEnough,
  });
});
