import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { z } from "zod";
import { loadDotEnv } from "../encoding/dot-env.ts";
import { SetupError } from "./data-dir.ts";
import { withoutBlanks } from "./environment.ts";
import { DEV_HOST, isTaken } from "./ports.ts";

/** After this time a server that was told to end is killed, in ms. */
const KILL_AFTER_MS = 5_000;

const port = z.coerce.number().int().min(1).max(65_535).default(2024);

/**
 * `npm run studio`: LangGraph's dev server with our graph, on this machine only, without LangSmith and
 * without a browser. Its own processes end with this one.
 */
async function main(): Promise<void> {
  loadDotEnv();
  const env = withoutBlanks(process.env);
  const { data: studioPort } = port.safeParse(env.STUDIO_PORT);
  if (studioPort === undefined) throw new SetupError("STUDIO_PORT must be a port number, 1 to 65535");
  if (await isTaken(studioPort, DEV_HOST)) {
    throw new SetupError(
      `port ${studioPort} (STUDIO_PORT) is taken: stop what listens there, or set STUDIO_PORT`,
    );
  }
  const server = startServer(studioPort, env);
  const exited = once(server, "exit");
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => end(server));
  process.once("exit", () => kill(server, "SIGKILL"));
  const url = `http://${DEV_HOST}:${studioPort}`;
  process.stdout.write(`studio ${url} - open https://smith.langchain.com/studio?baseUrl=${url}\n`);
  const [code] = await exited;
  process.exitCode = typeof code === "number" ? code : 0;
}

function startServer(studioPort: number, env: NodeJS.ProcessEnv): ChildProcess {
  const require = createRequire(import.meta.url);
  const root = dirname(require.resolve("@langchain/langgraph-cli/package.json"));
  const args = ["dev", "--no-browser", "--host", DEV_HOST, "--port", String(studioPort)];
  return spawn(process.execPath, [join(root, "dist/cli/cli.mjs"), ...args], {
    env: {
      ...env,
      LANGGRAPH_CLI_NO_ANALYTICS: "1",
      LANGSMITH_TRACING: "false",
      LANGCHAIN_TRACING_V2: "false",
      BROWSER: "none",
      // LangChain reads this when it loads: with background callbacks, events of concurrent runs get lost.
      LANGCHAIN_CALLBACKS_BACKGROUND: "false",
    },
    // What it prints is for the person in front of it; stdout keeps our one line.
    stdio: ["ignore", 2, 2],
    // A group of its own: the server starts processes of its own, and all of them have to go.
    detached: true,
  });
}

function end(server: ChildProcess): void {
  kill(server, "SIGTERM");
  setTimeout(() => kill(server, "SIGKILL"), KILL_AFTER_MS).unref();
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already: that is what this is for.
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
