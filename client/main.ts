import { existsSync } from "node:fs";
import { reasonOf } from "./failure.ts";
import { runCommand } from "./run-command.ts";

/** The process around a command: .env, Ctrl-C (130 at once), a reader that leaves, and the exit code. */
export async function main(): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // Whoever read our output has seen enough (`| head`).
    if (error.code === "EPIPE") process.exit(0);
    process.stderr.write(`aura: stdout cannot be written: ${reasonOf(error)}\n`);
    process.exit(1);
  });
  process.once("SIGINT", () => process.exit(130));
  // What the environment already has wins.
  if (existsSync(".env")) process.loadEnvFile(".env");
  const { stdout, stderr, stdin, env } = process;
  process.exitCode = await runCommand(process.argv.slice(2), { stdout, stderr, stdin, env });
}
