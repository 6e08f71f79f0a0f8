import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../mutants/checkout.ts";
import { MUTANTS } from "../mutants/list.ts";
import { mutate } from "../mutants/mutant.ts";

// `npm run mutants` takes too long for every run of the tests; that its list still fits the code is known at once.

test.each(MUTANTS)("a mutant fits the code: $promise ($file)", (mutant) => {
  expect(mutate(readFileSync(join(ROOT, mutant.file), "utf8"), mutant)).toEqual({ text: expect.any(String) });
  expect(mutant.tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});
