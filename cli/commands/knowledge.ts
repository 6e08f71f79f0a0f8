import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CommandFailure } from "../failure.ts";

/**
 * Works on the index itself, not over HTTP; a process of its own, because this folder knows nothing of the
 * service's code.
 */
const SCRIPT = fileURLToPath(new URL("../../src/knowledge-rebuild.ts", import.meta.url));

/** `knowledge rebuild`: runs the service's script and ends as it ends. */
export async function rebuildKnowledge(options: { json?: boolean | undefined }): Promise<void> {
  if (!existsSync(SCRIPT))
    throw new CommandFailure(`${SCRIPT} is missing: this installation has no knowledge`, 1);
  const child = spawn(process.execPath, [SCRIPT, ...(options.json ? ["--json"] : [])], { stdio: "inherit" });
  const stop = () => void child.kill("SIGTERM");
  process.once("exit", stop);
  const onSigterm = () => process.exit(143);
  process.once("SIGTERM", onSigterm);
  const [code] = await once(child, "exit");
  process.off("exit", stop);
  process.off("SIGTERM", onSigterm);
  if (code !== 0)
    throw new CommandFailure(`rebuilding the knowledge has failed (exit code ${code ?? "none"})`, 1);
}
