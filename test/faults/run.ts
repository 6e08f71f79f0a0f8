/** `npm run faults -- --seed 1 --runs 500 [--instances 2] [--parallel 4]`: prints a table, exits 1 on a violation. */
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { startFleet } from "./fleet.ts";
import { type Outcome, runScenario } from "./scenario.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "20" },
    instances: { type: "string", default: "2" },
    parallel: { type: "string", default: "3" },
  },
});

const first = Number(values.seed);
const last = first + Number(values.runs) - 1;
const fleet = await startFleet(Number(values.instances));
const outcomes: Outcome[] = [];
let next = first;

async function worker(): Promise<void> {
  while (next <= last) {
    const seed = next;
    next += 1;
    const outcome = await runScenario(fleet, seed);
    outcomes.push(outcome);
    if (outcome.violations.length > 0) console.error(JSON.stringify(outcome));
  }
}

const began = Date.now();
// Scenarios share the processes and the network, so one's fault is every other's too.
await Promise.all(Array.from({ length: Number(values.parallel) }, worker));
await fleet.close();
if (outcomes.some(({ violations }) => violations.length > 0)) console.error(`logs: ${fleet.logs}`);
else rmSync(fleet.logs, { recursive: true });

const table = new Map<string, Record<string, number>>();
for (const { fault, mails, delivered, unknown, end, violations } of outcomes) {
  const row = table.get(fault) ?? {
    runs: 0,
    mails: 0,
    delivered: 0,
    unknown: 0,
    "ended early": 0,
    violations: 0,
  };
  row.runs! += 1;
  row.mails! += mails;
  row.delivered! += delivered;
  row.unknown! += unknown;
  row["ended early"]! += end === "done" ? 0 : 1;
  row.violations! += violations.length;
  table.set(fault, row);
}
console.table(Object.fromEntries([...table].sort()));
const bad = outcomes.filter(({ violations }) => violations.length > 0);
console.log(
  `${outcomes.length} runs (seeds ${first}..${last}), ${bad.length} with violations, ${Math.round((Date.now() - began) / 1000)} s`,
);
process.exitCode = bad.length === 0 ? 0 : 1;
