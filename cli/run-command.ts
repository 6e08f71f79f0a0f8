import { reasonOf } from "@aura-platform/client/failures.ts";
import { CommanderError } from "commander";
import { commandFailure } from "./explain.ts";
import type { Io } from "./io.ts";
import { createProgram } from "./program.ts";
import { harmlessLine } from "./text.ts";

/**
 * One command, from its arguments to its exit code: 0, or 1 refused or failed, 2 wrong usage, 3 no
 * connection; of `approve`, `reject` and `edit` also 4 another decision stands, 5 no such approval; 130
 * Ctrl-C. What goes wrong is one line on stderr.
 */
export async function runCommand(args: readonly string[], io: Io): Promise<number> {
  try {
    await createProgram(io).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    // commander has said everything itself; --help ends with 0, and naming no command is wrong usage.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const failure = commandFailure(error);
    io.stderr.write(`aura: ${harmlessLine(failure?.message ?? reasonOf(error))}\n`);
    return failure?.exitCode ?? 1;
  }
}
