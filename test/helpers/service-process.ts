import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestRedis } from "./redis.ts";
import { JWT_SECRET } from "./stack.ts";

export interface ServiceProcess {
  readonly url: string;
  /** How each of its processes has ended, oldest first; the last one may be running. */
  exits: { code: number | null; signal: NodeJS.Signals | null }[];
  /** What it has logged, one object a line. */
  logs: Record<string, any>[];
  kill(signal: NodeJS.Signals): void;
  /** Resolves when there have been so many ends. */
  ended(times: number): Promise<void>;
  stop(): Promise<void>;
}

export interface ServiceProcessOptions {
  redis: TestRedis;
  env?: NodeJS.ProcessEnv;
  /** Whether a process that has ended is followed by another one on the same port. */
  restarts: boolean;
}

const LISTENING = /listening on (http:\/\/[^"]+)/;

/** The service as a process of its own, that ends when a prompt holds a mark (crash-on-mark.ts). */
export async function startServiceProcess(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const { redis, restarts } = options;
  const exits: ServiceProcess["exits"] = [];
  const logs: Record<string, any>[] = [];
  const waiting = new Set<() => void>();
  let child: ChildProcess;
  let port = "0";
  let url = "";
  let stopped = false;

  const launch = async () => {
    child = spawn(process.execPath, ["--import", "./test/helpers/crash-on-mark.ts", "src/main.ts"], {
      env: {
        PATH: process.env.PATH,
        JWT_SECRET,
        REDIS_HOST: redis.host,
        REDIS_PORT: `${redis.port}`,
        AURA_KNOWLEDGE: "off",
        AURA_PORT: port,
        ...options.env,
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const mine = child;
    mine.once("exit", (code, signal) => {
      exits.push({ code, signal });
      for (const wake of [...waiting]) wake();
      if (restarts && !stopped) void launch();
    });
    url = await listeningUrl(mine, logs);
    port = new URL(url).port;
  };
  await launch();

  return {
    get url() {
      return url;
    },
    exits,
    logs,
    kill: (signal) => void child.kill(signal),
    async ended(times) {
      while (exits.length < times) await new Promise<void>((resolve) => void waiting.add(resolve));
    },
    async stop() {
      stopped = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function listeningUrl(child: ChildProcess, logs: Record<string, any>[]): Promise<string> {
  return new Promise((resolve) => {
    if (child.stdout === null) throw new Error("no stdout");
    createInterface({ input: child.stdout }).on("line", (line) => {
      logs.push(JSON.parse(line));
      const url = LISTENING.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
  });
}
