import { reasonOf } from "@aura-platform/client/failures.ts";
import { loadDotEnv } from "../encoding/dot-env.ts";
import { exitOnInterrupt } from "./interrupt.ts";
import { runCommand } from "./run-command.ts";
import { harmlessLine } from "./text.ts";

/** The process around a command: .env, Ctrl-C (130 at once), a reader that leaves, and the exit code. */
export async function main(): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // Whoever read our output has seen enough (`| head`).
    if (error.code === "EPIPE") process.exit(0);
    process.stderr.write(`aura: stdout cannot be written: ${reasonOf(error)}\n`);
    process.exit(1);
  });
  exitOnInterrupt();
  const { stdout, stderr, stdin, env } = process;
  try {
    loadDotEnv(env);
  } catch (error) {
    stderr.write(`aura: ${harmlessLine(error instanceof Error ? error.message : String(error))}\n`);
    process.exitCode = 2;
    return;
  }
  process.exitCode = await runCommand(process.argv.slice(2), { stdout, stderr, stdin, env });
}
