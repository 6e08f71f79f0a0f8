import { join } from "node:path";

/** The settings of a server on stdio that answers word for word what is given; see raw-stdio.ts. */
export function rawStdio(script: Record<string, unknown>): { command: string; args: string[] } {
  return {
    command: process.execPath,
    args: [join(import.meta.dirname, "raw-stdio.ts"), JSON.stringify(script)],
  };
}
