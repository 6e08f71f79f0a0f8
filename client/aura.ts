import { existsSync } from "node:fs";
import { CommanderError } from "commander";
import { CommandFailure, reasonOf } from "./failure.ts";
import { createProgram } from "./program.ts";
import { harmlessLine } from "./text.ts";

/** `npm run --silent aura -- <command>`. Exit codes: 1 refused or failed, 2 wrong usage, 3 no connection, 130 Ctrl-C. */
async function main(): Promise<void> {
  // Whoever read our output has seen enough (`| head`).
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  process.once("SIGINT", () => process.exit(130));
  // What the environment already has wins.
  if (existsSync(".env")) process.loadEnvFile(".env");
  await createProgram().parseAsync(process.argv);
}

main().catch((error: unknown) => {
  // commander has said everything itself; help and version end with 0.
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    return;
  }
  process.stderr.write(`aura: ${harmlessLine(reason(error))}\n`);
  process.exitCode = error instanceof CommandFailure ? error.exitCode : 1;
});

function reason(error: unknown): string {
  return error instanceof CommandFailure ? error.message : reasonOf(error);
}
