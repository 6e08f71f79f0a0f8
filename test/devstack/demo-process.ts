import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const program = resolve("devstack/demo.ts");
/** Every variable that the demo reads: what the machine or its .env says must not change the test. */
const blank = Object.fromEntries(
  [
    ...["JWT_SECRET", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", "OPENAI_API_KEY", "OPENAI_BASE_URL"],
    ...["AURA_BACKEND", "AURA_MODEL", "AURA_HOST", "AURA_PLATFORM_URI", "SMTP_URL", "MAIN_SERVICE_URL"],
    "LOG_LEVEL",
  ].map((name) => [name, ""]),
);
const freePorts = { GATEWAY_PORT: "0", AURA_PORT: "0", MAIN_PORT: "0", AUTH_PORT: "0", SMTP_PORT: "0" };

/** Demos in a data directory of their own. */
export function demoBench() {
  const dir = mkdtempSync(join(tmpdir(), "aura-demo-"));
  const demos: ChildProcess[] = [];
  return {
    dir,
    start: (env: NodeJS.ProcessEnv = {}) => startDemo(dir, demos, env),
    async clear() {
      for (const demo of demos.splice(0)) {
        if (demo.exitCode !== null || demo.signalCode !== null) continue;
        demo.kill("SIGKILL");
        await once(demo, "exit");
      }
      // A Redis whose demo was killed may still be writing its last file.
      rmSync(dir, { recursive: true, maxRetries: 10 });
    },
  };
}

function startDemo(dir: string, demos: ChildProcess[], env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [program], {
    cwd: dir,
    env: { ...process.env, ...blank, ...freePorts, AURA_DATA_DIR: join(dir, "data"), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  demos.push(child);
  const output = { stdout: "", stderr: "" };
  const { promise: ready, resolve: isReady } = Promise.withResolvers<string>();
  child.stdout.on("data", (chunk) => {
    output.stdout += chunk;
    const url = /^ready (\S+)\n/.exec(output.stdout)?.[1];
    if (url) isReady(url);
  });
  child.stderr.on("data", (chunk) => {
    output.stderr += chunk;
  });
  const closed = once(child, "close").then(([code, signal]) => ({ code, signal, ...output }));
  return {
    child,
    output,
    closed,
    /** The gateway's URL, when everything answers; what went wrong otherwise. */
    ready: () =>
      Promise.race([
        ready,
        closed.then(({ stderr }) => Promise.reject(new Error(`the demo has ended: ${stderr}`))),
      ]),
  };
}

/** The ids of a process's children and theirs. */
export function descendants(pid: number): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  const rows = table
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    rows.flatMap(([id, ppid]) => (id !== undefined && ppid === parent ? [id, ...below(id)] : []));
  return below(pid);
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A server that occupies a port. */
export async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}
