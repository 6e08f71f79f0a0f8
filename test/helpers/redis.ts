import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { Redis } from "ioredis";

export interface RedisOptions {
  /** Keeps an append-only file, so that the data outlive down() and kill9(). */
  appendOnly?: boolean;
  /** More command line arguments (`--requirepass x`). */
  args?: readonly string[];
}

/** A Redis of the test's own. */
export interface TestRedis {
  readonly host: string;
  readonly port: number;
  /** The running server's process id, for SIGSTOP and SIGCONT. */
  pid(): number;
  /** A new connection; stop() closes it. */
  client(): Redis;
  /** Stops the server in good order; up() starts it again on the same port. */
  down(): Promise<void>;
  /** The same, without a chance to write anything. */
  kill9(): Promise<void>;
  up(): Promise<void>;
  /** down() and up(). To keep the data the server needs `appendOnly`. */
  restart(options: { keepData: boolean }): Promise<void>;
  /** Stops the server for good, closes the clients and removes the data. */
  stop(): Promise<void>;
}

interface Server {
  pid: number;
  /** Sends the signal and resolves when the server is gone. */
  end(signal: "TERM" | "KILL"): Promise<void>;
}

const HOST = "127.0.0.1";

/** Starts a private redis-server (or valkey-server) on a free port. */
export async function startRedis({ appendOnly = false, args = [] }: RedisOptions = {}): Promise<TestRedis> {
  const binary = findBinary();
  const dir = mkdtempSync(join(tmpdir(), "aura-redis-"));
  const clients = new Set<Redis>();
  const options = ["--dir", dir, "--appendonly", appendOnly ? "yes" : "no", ...args];
  const started = await startOnFreePort(binary, options);
  const { port } = started;
  let server: Server | null = started.server;

  const end = async (signal: "TERM" | "KILL") => {
    const ending = server;
    server = null;
    await ending?.end(signal);
  };
  const up = async () => {
    server ??= await launch(binary, port, options);
  };

  return {
    host: HOST,
    port,
    up,
    pid() {
      if (server === null) throw new Error("this Redis is down");
      return server.pid;
    },
    client() {
      const client = new Redis({ host: HOST, port });
      // While the server is down the tests see rejected commands; ioredis would print to the console as well.
      client.on("error", () => {});
      clients.add(client);
      return client;
    },
    down: () => end("TERM"),
    kill9: () => end("KILL"),
    async restart({ keepData }) {
      if (keepData && !appendOnly) throw new Error("keepData needs startRedis({ appendOnly: true })");
      await end("TERM");
      if (!keepData) rmSync(join(dir, "appendonlydir"), { recursive: true, force: true });
      await up();
    },
    async stop() {
      for (const client of clients) client.disconnect();
      await end("KILL");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function findBinary(): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  for (const name of ["redis-server", "valkey-server"]) {
    const found = folders.map((folder) => join(folder, name)).find(isExecutable);
    if (found !== undefined) return found;
  }
  throw new Error("redis-server or valkey-server is needed: run npm run setup");
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Between finding a port and binding it another process may take it: then the next one is tried. */
async function startOnFreePort(binary: string, options: readonly string[]) {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return { port, server: await launch(binary, port, options) };
    } catch (error) {
      if (attempt === 5 || !String(error).includes("Address already in use")) throw error;
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, HOST, () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port === 6379 ? freePort() : port));
    });
  });
}

/**
 * The shell between us and the server reads from a pipe that closes when this process dies, however it dies:
 * no Redis is left behind by a killed test run. It closes its own output, so that the end of the output is the
 * end of the server.
 */
const KEEPER = [
  '"$@" </dev/null & pid=$!',
  'echo "pid $pid"',
  "exec >&- 2>/dev/null",
  "read -r signal || signal=KILL",
  'kill -s "$signal" $pid',
  "wait $pid",
].join("\n");

async function launch(binary: string, port: number, options: readonly string[]): Promise<Server> {
  const address = ["--bind", HOST, "--port", String(port)];
  const quiet = ["--save", "", "--logfile", "", "--daemonize", "no"];
  const args = ["-c", KEEPER, "keeper", binary, ...address, ...quiet, ...options];
  // A group of its own: Ctrl-C in the terminal must not stop the server before the tests that use it.
  const keeper = spawn("sh", args, { stdio: ["pipe", "pipe", "inherit"], detached: true });
  const kill = () => keeper.stdin?.end();
  process.once("exit", kill);
  const exited = new Promise<void>((resolve) => {
    keeper.once("exit", () => {
      process.off("exit", kill);
      resolve();
    });
  });
  keeper.stdin?.on("error", () => {});
  const pid = await readiness(keeper).catch(async (error: unknown) => {
    kill();
    await exited;
    throw error;
  });
  return {
    pid,
    async end(signal) {
      keeper.stdin?.end(`${signal}\n`);
      await exited;
    },
  };
}

/** Resolves with the server's pid when it says that it accepts connections. */
function readiness({ stdout }: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    if (stdout === null) throw new Error("the server's output is not readable");
    const said: string[] = [];
    let pid: number | undefined;
    let ready = false;
    const lines = createInterface({ input: stdout });
    lines.on("line", (line) => {
      said.push(line);
      pid ??= /^pid (\d+)$/.test(line) ? Number(line.slice(4)) : undefined;
      ready ||= line.includes("Ready to accept connections");
      if (ready && pid !== undefined) resolve(pid);
      // The keeper still waits for a word from us, so its exit would not tell.
      if (/Failed listening|FATAL|Fatal/.test(line))
        reject(new Error(`Redis did not start: ${said.join("\n")}`));
    });
    lines.on("close", () => reject(new Error(`Redis did not start: ${said.join("\n")}`)));
  });
}
