import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accountOf } from "./account.ts";
import { startFleet } from "./fleet.ts";
import { type Fleets, runScenario } from "./scenario.ts";

/** A short part of `npm run faults`, the same every time: these seeds draw each fault and each ending at least once. */
const SEEDS = [18, 110, 87, 64, 49, 59, 97, 35, 6, 66, 70, 2];
const LANES = 4;

let fleets: Fleets;
beforeAll(async () => {
  const [lasting, expiring] = await Promise.all([
    startFleet({ instances: 2 }),
    startFleet({ instances: 1, roles: "split", approvalTtlS: 3 }),
  ]);
  fleets = { lasting, expiring };
});
afterAll(async () => {
  const both = [fleets.lasting, fleets.expiring];
  await Promise.all(both.map((fleet) => fleet.close()));
  for (const { logs } of both) rmSync(logs, { recursive: true });
});

test("no approved mail is lost or sent twice, no other is ever sent, and every stream equals its log", {
  timeout: 900_000,
}, async () => {
  const lanes = Array.from({ length: LANES }, (_, lane) =>
    runSeeds(SEEDS.filter((_, index) => index % LANES === lane)),
  );
  const outcomes = await Promise.all(lanes);
  const wrong = outcomes
    .flat()
    .map((outcome) => ({ ...outcome, violations: [...outcome.violations, ...outcome.recheck()] }))
    .filter(({ violations }) => violations.length > 0);
  expect(wrong.map(accountOf).join("\n\n")).toBe("");
});

async function runSeeds(seeds: number[]) {
  const outcomes = [];
  for (const seed of seeds) outcomes.push(await runScenario(fleets, seed));
  return outcomes;
}
