import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REQUIREMENTS } from "./requirements.ts";

const root = new URL("..", import.meta.url).pathname;

test("every requirement of the contract is cited by a test, and no other number is", () => {
  const cited = new Set<string>();
  for (const file of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".test.ts")) continue;
    for (const [number] of readFileSync(join(root, file), "utf8").matchAll(/\bR\d+\.\d+\b/g))
      cited.add(number);
  }
  expect([...cited].sort()).toEqual(Object.keys(REQUIREMENTS).sort());
});

test("docs/contract.md names every requirement, and no other number", () => {
  const text = readFileSync(join(root, "../docs/contract.md"), "utf8");
  const named = new Set(text.match(/\bR\d+\.\d+\b/g));
  expect([...named].sort()).toEqual(Object.keys(REQUIREMENTS).sort());
});
