import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { startOpenAiStub } from "../helpers/openai-stub.ts";
import { startRedis } from "../helpers/redis.ts";
import { JWT_SECRET } from "../helpers/stack.ts";
import { startFaultyProxy } from "../helpers/tcp-proxy.ts";
import { startMailServer } from "./mail-server.ts";
import { answer } from "./model.ts";

/** Short, so that a run with crashes takes seconds; the defaults differ only in scale. */
export const LEASE_MS = 1_500;
const TIMES = { AURA_LEASE_MS: `${LEASE_MS}`, AURA_RECONCILE_MS: "250" };

/** One process of the service. What is done to one instance follows one another. */
export interface Instance {
  name: string;
  role: "all" | "api" | "worker";
  url: string;
  /** kill -9, and after a pause a new process on the same port. */
  restart(pause: () => Promise<unknown>): Promise<void>;
  /** SIGSTOP, and SIGCONT after so many ms: the process notices nothing but that it is late. */
  freeze(ms: number): Promise<void>;
  stop(): Promise<void>;
}

export interface FleetOptions {
  /** Of `all` processes; with `split` roles as many `api` and as many `worker` processes. */
  instances: number;
  roles?: "all" | "split";
  approvalTtlS?: number;
}

/** Runs what it is given one after another. */
function serial(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const mine = last.then(task);
    last = mine.catch(() => {});
    return mine;
  };
}

export type Fleet = Awaited<ReturnType<typeof startFleet>>;

/** Real processes of the service around a real Redis behind a faulty network, a real SMTP server and a scripted model. */
export async function startFleet({ instances, roles = "all", approvalTtlS = 1800 }: FleetOptions) {
  const logs = mkdtempSync(join(tmpdir(), "aura-faults-"));
  const redis = await startRedis({ appendOnly: true, args: ["--appendfsync", "always"] });
  const proxy = await startFaultyProxy(redis);
  const mails = await startMailServer();
  const model = await startOpenAiStub([], { always: answer });
  const env = {
    PATH: process.env.PATH,
    JWT_SECRET,
    REDIS_HOST: "127.0.0.1",
    REDIS_PORT: `${proxy.port}`,
    SMTP_URL: mails.url,
    OPENAI_BASE_URL: model.url,
    OPENAI_API_KEY: "key",
    AURA_APPROVAL_TTL: `${approvalTtlS}`,
    LOG_LEVEL: "info",
    AURA_KNOWLEDGE: "off",
    ...TIMES,
  };
  const ignored = new Set<string>();
  const kills: number[] = [];
  const onLine = (line: string) => {
    const requestId = /"requestId":"([^"]+)".*"signal ignored"/.exec(line)?.[1];
    if (requestId !== undefined) ignored.add(requestId);
  };
  const members = await Promise.all(
    (roles === "all" ? (["all"] as const) : (["api", "worker"] as const)).flatMap((role) =>
      Array.from({ length: instances }, (_, index) =>
        startInstance(`${role}-${index + 1}`, role, { ...env, AURA_ROLE: role }, logs, {
          onLine,
          onKill: () => void kills.push(Date.now()),
        }),
      ),
    ),
  );
  const main = redis.client();
  const redisFaults = serial();
  return {
    /** The folder of the instances' logs. */
    logs,
    redis,
    proxy,
    mails,
    instances: members,
    /** Those that a client can talk to. */
    apis: members.filter(({ role }) => role !== "worker"),
    /** Those that work on runs. */
    workers: members.filter(({ role }) => role !== "api"),
    /** Whether a worker has said that it ignores a signal about this request. */
    hasIgnored: (requestId: string) => ignored.has(requestId),
    /** How many processes that work on runs have been killed since that time, in Unix ms. */
    killsSince: (at: number) => kills.filter((each) => each >= at).length,
    /** Main Service's own connection, not through the faulty network. */
    main,
    /** kill -9 and start again; its data are on disk. */
    restartRedis: () =>
      redisFaults(async () => {
        await redis.kill9();
        await redis.up();
      }),
    async close() {
      await Promise.all(members.map((member) => member.stop()));
      await model.close();
      await mails.close();
      await proxy.close();
      await redis.stop();
    },
  };
}

async function startInstance(
  name: string,
  role: Instance["role"],
  env: NodeJS.ProcessEnv,
  logs: string,
  { onLine, onKill }: { onLine(line: string): void; onKill(): void },
): Promise<Instance> {
  let child: ChildProcess | null = null;
  let port = 0;
  const inTurn = serial();
  const logFile = join(logs, `${name}.log`);
  const start = async () => {
    child = spawn(process.execPath, ["src/main.ts"], {
      env: { ...env, AURA_PORT: `${port}` },
      stdio: ["ignore", "pipe", "inherit"],
    });
    instance.url = await listeningUrl(child, logFile, onLine);
    port = Number(new URL(instance.url).port);
  };
  const instance: Instance = {
    name,
    role,
    url: "",
    restart: (pause) =>
      inTurn(async () => {
        if (role !== "api") onKill();
        await end(child, "SIGKILL");
        await pause();
        await start();
      }),
    freeze: (ms) =>
      inTurn(async () => {
        child?.kill("SIGSTOP");
        await delay(ms);
        child?.kill("SIGCONT");
      }),
    stop: () => inTurn(() => end(child, "SIGTERM")),
  };
  await start();
  return instance;
}

async function end(child: ChildProcess | null, signal: NodeJS.Signals): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}

/** Keeps the process's log in a file, and resolves with the address that it says it listens on. */
function listeningUrl(child: ChildProcess, logFile: string, onLine: (line: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error("no stdout");
    child.once("exit", () => reject(new Error(`the process ended before it listened; see ${logFile}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      appendFileSync(logFile, `${line}\n`);
      onLine(line);
      const url = /listening on (http:\/\/[^"]+)/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
  });
}
