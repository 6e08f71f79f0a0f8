import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { MUTANTS } from "../mutants/list.ts";
import { mutate } from "../mutants/mutant.ts";

const ROOT = resolve(import.meta.dirname, "../..");

// `npm run mutants` takes too long for every run of the tests; that its list still fits the code is known at once.

// In a copy with a mutant in it, this would notice every one: the text is not there any more.
test.skipIf(process.env.MUTATED === "1").each(MUTANTS)(
  "a mutant fits the code: $promise ($file)",
  (mutant) => {
    expect(mutate(readFileSync(join(ROOT, mutant.file), "utf8"), mutant)).toEqual({
      text: expect.any(String),
    });
    expect(mutant.tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  },
);
