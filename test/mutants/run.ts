/**
 * `npm run mutants [-- --only lease] [--jobs 2] [--patience 60]`: breaks the promises of docs/architecture.md one by one, each in a copy of the
 * checkout, and runs the tests that should notice. Prints a table; exits 1 when one goes unnoticed (decision 50).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { copyCheckout, ROOT } from "./checkout.ts";
import { MUTANTS } from "./list.ts";
import { type Mutant, mutate } from "./mutant.ts";
import { type Outcome, runTests, stopAll } from "./suite.ts";

const { values } = parseArgs({
  options: {
    /** Only mutants with this (or this, or this) in their promise or file. */
    only: { type: "string", multiple: true, default: [""] },
    /** Copies that are worked in side by side. */
    jobs: { type: "string", default: "1" },
    /** How long a single test may take, in s. */
    patience: { type: "string", default: "60" },
  },
});
const patienceMs = Number(values.patience) * 1000;
const mutants = MUTANTS.filter(({ promise, file }) =>
  values.only.some((text) => `${promise} ${file}`.includes(text)),
);

const stale = mutants.flatMap((mutant) => {
  const mutated = mutate(readFileSync(join(ROOT, mutant.file), "utf8"), mutant);
  return "stale" in mutated ? [mutated.stale] : [];
});
if (stale.length > 0) fail(`test/mutants/list is out of date:\n${stale.join("\n")}`);
if (mutants.length === 0) fail(`no mutant has "${values.only.join(", ")}" in its promise or file`);

const copies = Array.from({ length: Math.max(1, Number(values.jobs)) }, copyCheckout);
const cleanUp = () => {
  stopAll();
  for (const { remove } of copies) remove();
};
process.once("exit", cleanUp);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const [first] = copies;
const named = [...new Set(mutants.flatMap(({ tests }) => tests))];
console.error(`${mutants.length} mutants; first ${named.length} test files as they are`);
const baseline = await runTests(first?.folder ?? "", named, patienceMs);
if (baseline.kind !== "green") fail(`without a mutant the tests are not green: ${describe(baseline)}`);

interface Row {
  promise: string;
  file: string;
  noticed: string;
  by: string;
}
const rows: Row[] = [];
const queue = [...mutants];
await Promise.all(
  copies.map(async ({ folder }) => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const row = await judge(folder, mutant);
      rows.push(row);
      console.error(
        `${rows.length}/${mutants.length} ${row.noticed}: ${row.promise} (${row.file}) ${row.by}`,
      );
    }
  }),
);
console.table(rows.map(({ promise, file, noticed }) => ({ promise, file, noticed })));
const bad = rows.filter(({ noticed }) => noticed === "NO" || noticed === "CANNOT TELL");
console.log(`${rows.length - bad.length} of ${rows.length} noticed`);
process.exitCode = bad.length === 0 ? 0 : 1;

/** A mutant that its own tests leave alone gets the whole suite before it counts as unnoticed. */
async function judge(folder: string, mutant: Mutant): Promise<Row> {
  const { file, promise, tests } = mutant;
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  const mutated = mutate(text, mutant);
  if ("stale" in mutated) throw new Error(mutated.stale);
  writeFileSync(path, mutated.text);
  try {
    const outcome = await runTests(folder, tests, patienceMs);
    if (outcome.kind !== "green") {
      return {
        promise,
        file,
        noticed: outcome.kind === "failed" ? "yes" : "CANNOT TELL",
        by: describe(outcome),
      };
    }
    const elsewhere = await runTests(folder, [], patienceMs);
    const noticed = elsewhere.kind === "failed" ? `only by ${elsewhere.file}` : "NO";
    return { promise, file, noticed, by: describe(elsewhere) };
  } finally {
    writeFileSync(path, text);
  }
}

function describe(outcome: Outcome): string {
  if (outcome.kind === "failed") return `[${outcome.file} > ${outcome.test}: ${outcome.why}]`;
  return outcome.kind === "green" ? "" : `[${outcome.why}]`;
}

function fail(why: string): never {
  console.error(why);
  process.exit(1);
}
