import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Outcome } from "./judge.ts";

/** A run's part of the logs, at most. */
const MAX_LINES = 120;

/**
 * What there is to know of a scenario that went wrong, as text: its plot, what must never be, what the client
 * saw, and what the processes logged about the run and about their own starts, in order of time.
 */
export function accountOf(outcome: Outcome): string {
  const { seed, fault, ending, mails, end, violations, seen, runId, logs } = outcome;
  return [
    `seed ${seed} (${fault}; ${ending}; ${mails} mails) ended with ${end}`,
    ...violations.map((violation) => `violated: ${violation}`),
    ...seen.map((event) => `seen: ${event}`),
    ...loggedAbout(runId, logs),
  ].join("\n");
}

function loggedAbout(runId: string | null, logs: string): string[] {
  const lines = readdirSync(logs).flatMap((file) =>
    readFileSync(join(logs, file), "utf8")
      .split("\n")
      .filter((line) => (runId !== null && line.includes(runId)) || /listening on http/.test(line))
      .map((line) => ({ at: Number(/"time":(\d+)/.exec(line)?.[1] ?? 0), text: `${file}: ${line}` })),
  );
  return lines
    .sort((one, other) => one.at - other.at)
    .slice(-MAX_LINES)
    .map(({ text }) => text);
}
