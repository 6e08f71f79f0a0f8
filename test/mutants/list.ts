import { APPROVALS } from "./list/approvals.ts";
import { EFFECTS } from "./list/effects.ts";
import { KNOWLEDGE } from "./list/knowledge.ts";
import { OWNERS } from "./list/owners.ts";
import { RUNS } from "./list/runs.ts";
import { STORES } from "./list/stores.ts";
import { STRANGERS } from "./list/strangers.ts";
import { STREAMS } from "./list/streams.ts";
import { TASKS } from "./list/tasks.ts";
import type { Mutant } from "./mutant.ts";

/** Whoever changes one of these lines changes its mutant with it; whoever makes a new promise adds one. */
export const MUTANTS: readonly Mutant[] = [
  ...APPROVALS,
  ...EFFECTS,
  ...KNOWLEDGE,
  ...OWNERS,
  ...RUNS,
  ...STORES,
  ...STREAMS,
  ...STRANGERS,
  ...TASKS,
];
