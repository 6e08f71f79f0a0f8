import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import config from "../../vitest.config.ts";

// How long a test may wait is said once, in vitest.config.ts (decision 50). What is written here in regular expressions
// are the ways around it that made runs red on slower machines.

const root = new URL("..", import.meta.url).pathname;
const generous = config.test?.testTimeout ?? 0;

const offences: [name: string, pattern: RegExp][] = [
  ["vitest's own 1 s of vi.waitFor; use eventually() or expect.poll", /\bvi\.wait(?:For|Until)\(/],
  ["a limit of its own", /\b(?:timeout: |AbortSignal\.timeout\()([\d_]+)/],
  ["a limit of its own", /^\s*\}, ([\d_]+)\);/],
  ["an assert on speed", /\.now\(\) - .*\.toBeLess/],
];

test("no test waits less than the suite does, and none asserts on speed", () => {
  const found: string[] = [];
  for (const file of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts") || file.endsWith("waiting.test.ts")) continue;
    for (const [index, line] of readFileSync(join(root, file), "utf8").split("\n").entries()) {
      for (const [name, pattern] of offences) {
        const [match, limit] = pattern.exec(line) ?? [];
        const isShort = limit === undefined || Number(limit.replaceAll("_", "")) < generous;
        if (match !== undefined && isShort) found.push(`${file}:${index + 1}: ${name}`);
      }
    }
  }
  expect(found).toEqual([]);
});
