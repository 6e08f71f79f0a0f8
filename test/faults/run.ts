/**
 * `npm run faults -- --seed 1 --runs 500 [--instances 2] [--roles all|split] [--parallel 3] [--only "freeze any time"]`:
 * prints a table, exits 1 on a violation.
 */
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { startFleet } from "./fleet.ts";
import type { Outcome } from "./judge.ts";
import { plotOf, runScenario } from "./scenario.ts";

/** Approvals of runs that are to end by expiry, in s. */
const SHORT_TTL_S = 3;
const PROGRESS_EVERY = 50;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "20" },
    instances: { type: "string", default: "2" },
    roles: { type: "string", default: "all" },
    parallel: { type: "string", default: "3" },
    only: { type: "string" },
  },
});

const instances = Number(values.instances);
const roles = values.roles === "split" ? "split" : "all";
const first = Number(values.seed);
const seeds: number[] = [];
for (let seed = first; seeds.length < Number(values.runs); seed += 1) {
  const { fault, ending } = plotOf(seed);
  if (values.only === undefined || values.only === fault || values.only === ending) seeds.push(seed);
}
const [lasting, expiring] = await Promise.all([
  startFleet({ instances, roles }),
  startFleet({ instances, roles, approvalTtlS: SHORT_TTL_S }),
]);
const outcomes: Outcome[] = [];
const began = Date.now();
const seconds = () => Math.round((Date.now() - began) / 1000);
const queue = [...seeds];

async function worker(): Promise<void> {
  for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) {
    const outcome = await runScenario({ lasting, expiring }, seed);
    outcomes.push(outcome);
    if (outcome.violations.length > 0) console.error(JSON.stringify(outcome));
    if (outcomes.length % PROGRESS_EVERY === 0) {
      console.error(`${outcomes.length} of ${seeds.length} runs, ${failed().length} bad, ${seconds()} s`);
    }
  }
}

function failed(): Outcome[] {
  return outcomes.filter(({ violations }) => violations.length > 0);
}

// Scenarios share the processes and the network, so one's fault is every other's too.
await Promise.all(Array.from({ length: Number(values.parallel) }, worker));
await Promise.all([lasting.close(), expiring.close()]);
// What arrived late, after its run was judged.
for (const outcome of outcomes) {
  const late = outcome.recheck().filter((violation) => !outcome.violations.includes(violation));
  outcome.violations.push(...late);
}
if (failed().length > 0) console.error(`logs: ${lasting.logs}, ${expiring.logs}`);
else for (const { logs } of [lasting, expiring]) rmSync(logs, { recursive: true });

const empty = { runs: 0, mails: 0, delivered: 0, unknown: 0, "ended early": 0, expired: 0, violations: 0 };
const table: Record<string, typeof empty> = {};
for (const { fault, mails, delivered, unknown, end, ending, violations } of outcomes) {
  table[fault] ??= { ...empty };
  const row = table[fault];
  row.runs += 1;
  row.mails += mails;
  row.delivered += delivered;
  row.unknown += unknown;
  row["ended early"] += end === "done" ? 0 : 1;
  row.expired += ending === "expire" ? 1 : 0;
  row.violations += violations.length;
}
console.table(Object.fromEntries(Object.entries(table).sort(([a], [b]) => a.localeCompare(b))));
console.log(
  `${outcomes.length} runs (seeds ${first}..${seeds.at(-1)}), ${instances} x ${roles}, ${failed().length} with violations, ${seconds()} s`,
);
process.exitCode = failed().length === 0 ? 0 : 1;
