import { existsSync } from "node:fs";
import { CommanderError } from "commander";
import { CommandFailure, reasonOf } from "./failure.ts";
import { createProgram } from "./program.ts";
import { harmlessLine } from "./text.ts";

/**
 * One command, from the process's arguments to its exit code: 0, or 1 refused or failed, 2 wrong usage, 3 no connection,
 * 130 Ctrl-C. What goes wrong is one line on stderr.
 */
export async function main(): Promise<void> {
  // Whoever read our output has seen enough (`| head`).
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    fail(error);
    process.exit();
  });
  process.once("SIGINT", () => process.exit(130));
  try {
    // What the environment already has wins.
    if (existsSync(".env")) process.loadEnvFile(".env");
    await createProgram().parseAsync(process.argv);
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    // commander has said everything itself; --help ends with 0, and naming no command is wrong usage.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    return;
  }
  const reason = error instanceof CommandFailure ? error.message : reasonOf(error);
  process.stderr.write(`aura: ${harmlessLine(reason)}\n`);
  process.exitCode = error instanceof CommandFailure ? error.exitCode : 1;
}
