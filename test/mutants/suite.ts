import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ROOT } from "./checkout.ts";

/** What a run of tests has come to. */
export type Outcome =
  | { kind: "green" }
  /** A test has failed: by what it asserts, or because it waited in vain. */
  | { kind: "failed"; file: string; test: string; why: string }
  /** Something else: what was changed does not load, or the run was stopped. Says nothing about the tests. */
  | { kind: "unusable"; why: string };

const report = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({
          status: z.string(),
          fullName: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

/** How a program fails in a test that is none any more; a mutant has to be wrong, not broken. */
const BROKEN = /^ReferenceError|Error compiling script|attempt to \w+ a nil value/;

const running = new Set<ChildProcess>();

/** Ends whatever is still running. */
export function stopAll(): void {
  for (const child of running) kill(child);
}

/**
 * Runs test files (all, when none are named) in a copy of the checkout until the first one fails.
 *
 * @param patienceMs how long a single test may take, and a hundredth of how long the whole run may
 */
export async function runTests(
  folder: string,
  files: readonly string[],
  patienceMs: number,
): Promise<Outcome> {
  const output = join(folder, "mutants-report.json");
  rmSync(output, { force: true });
  const limits = [`--testTimeout=${patienceMs}`, `--hookTimeout=${patienceMs}`];
  const child = spawn(
    process.execPath,
    [
      join(ROOT, "node_modules/vitest/vitest.mjs"),
      ...["run", ...files, "--bail=1", "--maxWorkers=1", ...limits],
      `--expect.poll.timeout=${Math.round(patienceMs / 3)}`,
      ...["--reporter=json", `--outputFile=${output}`],
    ],
    // A group of its own, so that it can be ended with everything that it has started.
    { cwd: folder, env: { ...process.env, MUTATED: "1" }, stdio: ["ignore", "pipe", "pipe"], detached: true },
  );
  running.add(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      said = `${said}${chunk}`.slice(-20_000);
    });
  }
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    kill(child);
  }, 100 * patienceMs);
  await once(child, "close");
  clearTimeout(limit);
  running.delete(child);
  if (late) return { kind: "unusable", why: "the tests did not end" };
  return outcomeOf(folder, output, said, child.exitCode);
}

function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function outcomeOf(folder: string, output: string, said: string, code: number | null): Outcome {
  let read: z.infer<typeof report>;
  try {
    read = report.parse(JSON.parse(readFileSync(output, "utf8")));
  } catch {
    return { kind: "unusable", why: `vitest wrote no report: ${said.slice(-500)}` };
  }
  for (const { name, status, message, assertionResults } of read.testResults) {
    const file = name.replace(`${folder}/`, "").replace(`/private${folder}/`, "");
    const failed = assertionResults.find((result) => result.status === "failed");
    if (failed === undefined && status !== "failed") continue;
    const why = failed?.failureMessages?.[0] ?? message;
    // Without a single test the file did not even load.
    if (BROKEN.test(why) || assertionResults.length === 0) return { kind: "unusable", why: firstLine(why) };
    return { kind: "failed", file, test: failed?.fullName ?? "(its setup)", why: firstLine(why) };
  }
  if (code === 0 && read.success) return { kind: "green" };
  if (/Unhandled (Rejection|Error)/.test(said)) {
    return { kind: "failed", file: "", test: "(an unhandled error)", why: firstLine(said) };
  }
  return { kind: "unusable", why: `vitest ended with ${code}: ${said.slice(-500)}` };
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}
