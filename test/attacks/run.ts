/**
 * `npm run attacks -- [--backend embedded|redis|both] [--only TEXT] [--parallel 4]`: tries every attack on a running stack and checks after
 * each that the process lives and answers. Prints a line per attack; exits 1 when one got through.
 */
import { parseArgs } from "node:util";
import { approvals } from "./approvals.ts";
import type { Attack } from "./attack.ts";
import { deserialisation } from "./deserialisation.ts";
import { edits } from "./edits.ts";
import { exhaustion } from "./exhaustion.ts";
import { injection } from "./injection.ts";
import { ownership } from "./ownership.ts";
import { parsing } from "./parsing.ts";
import { type Backend, startTarget, type Target } from "./target.ts";
import { tokens } from "./tokens.ts";

const ATTACKS = [
  ...tokens,
  ...ownership,
  ...approvals,
  ...edits,
  ...deserialisation,
  ...injection,
  ...parsing,
  ...exhaustion,
];

const { values } = parseArgs({
  options: {
    backend: { type: "string", default: "both" },
    only: { type: "string", default: "" },
    parallel: { type: "string", default: "4" },
  },
});

interface Result {
  attack: Attack;
  /** Why it got through; undefined when it did not. */
  broken?: string;
}

async function attempt(target: Target, attack: Attack): Promise<Result> {
  try {
    await inTime(attack.run(target));
    await target.alive();
    return { attack };
  } catch (error) {
    return { attack, broken: error instanceof Error ? error.message : String(error) };
  }
}

/** Far above what any of them takes; one that is still under way then has made the service hang. */
const PATIENCE_MS = 60_000;

async function inTime(attempt: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  try {
    await Promise.race([attempt, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Those that go together first, some at a time, then the others one by one. */
async function attackAll(target: Target, attacks: readonly Attack[]): Promise<Result[]> {
  const results: Result[] = [];
  const together = attacks.filter(({ alone }) => alone !== true);
  const lane = async () => {
    for (let next = together.shift(); next !== undefined; next = together.shift()) {
      results.push(await attempt(target, next));
    }
  };
  await Promise.all(Array.from({ length: Number(values.parallel) }, lane));
  for (const attack of attacks.filter(({ alone }) => alone === true))
    results.push(await attempt(target, attack));
  return results;
}

function print(backend: Backend, results: readonly Result[], seconds: number): void {
  for (const { attack, broken } of results) {
    const line = `${broken === undefined ? "stopped" : "THROUGH"}  ${attack.area.padEnd(16)} ${attack.name}`;
    console.log(
      broken === undefined
        ? line
        : `${line}\n         ${broken.replaceAll("\n", "\n         ").slice(0, 1_500)}`,
    );
  }
  console.log(`${backend}: ${results.length} attacks in ${Math.round(seconds)} s\n`);
}

const backends: Backend[] = values.backend === "both" ? ["embedded", "redis"] : [values.backend as Backend];
let passed = 0;
let failed = 0;
for (const backend of backends) {
  const began = Date.now();
  const wanted = ATTACKS.filter(
    (attack) =>
      (attack.backend ?? backend) === backend && `${attack.area} ${attack.name}`.includes(values.only),
  );
  const target = await startTarget(backend);
  try {
    const results = await attackAll(target, wanted);
    print(backend, results, (Date.now() - began) / 1000);
    failed += results.filter(({ broken }) => broken !== undefined).length;
    passed += results.filter(({ broken }) => broken === undefined).length;
  } finally {
    await target.close();
  }
}
console.log(`attacks: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
