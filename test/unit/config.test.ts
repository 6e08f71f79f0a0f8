import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { type ConfigError, loadConfig } from "../../src/config.ts";

const JWT_SECRET = "a-secret-of-exactly-32-bytes-....";

const problemsOf = (env: NodeJS.ProcessEnv) => {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
};

test("[R7.1] the defaults are the contract's", () => {
  expect(loadConfig({ JWT_SECRET })).toEqual({
    jwtSecret: JWT_SECRET,
    host: "127.0.0.1",
    port: 9000,
    backend: "embedded",
    checkpointer: { kind: "memory", allowSwitch: false, keep: undefined },
    role: "all",
    concurrency: 64,
    approvalTtlMs: 30 * 60_000,
    threadTtlMs: 30 * 24 * 3_600_000,
    reconcileMs: 5_000,
    leaseMs: 20_000,
    redis: { host: "localhost", port: 6379, password: undefined },
    model: "demo",
    openai: { apiKey: undefined, baseUrl: undefined },
    mail: { smtpUrl: undefined, from: "aura@dwp.local" },
    mainServiceUrl: undefined,
    dataDir: ".aura",
    logLevel: "info",
    warnings: [],
  });
});

test("[R7.1] JWT_SECRET is required and has at least 32 bytes, counted in UTF-8", () => {
  expect(problemsOf({})).toEqual([expect.stringMatching(/^JWT_SECRET is required/)]);
  expect(problemsOf({ JWT_SECRET: "x".repeat(31) })).toEqual([expect.stringMatching(/^JWT_SECRET must/)]);
  expect(problemsOf({ JWT_SECRET: "비밀".repeat(6) })).toEqual([]);
});

test("every problem is named at once, each with its variable", () => {
  const problems = problemsOf({ AURA_PORT: "99999", SMTP_URL: "http://mail", LOG_LEVEL: "loud" });
  expect(problems.map((line) => line.split(" ")[0])).toEqual([
    "JWT_SECRET",
    "AURA_PORT",
    "SMTP_URL",
    "LOG_LEVEL",
  ]);
});

test("REDIS_HOST selects the redis backend unless AURA_BACKEND says otherwise", () => {
  expect(loadConfig({ JWT_SECRET, REDIS_HOST: "redis" }).backend).toBe("redis");
  expect(loadConfig({ JWT_SECRET, REDIS_HOST: "redis", AURA_BACKEND: "embedded" }).backend).toBe("embedded");
  expect(loadConfig({ JWT_SECRET, REDIS_HOST: " " }).backend).toBe("embedded");
});

test("checkpoints are kept in Redis in redis mode, and only there", () => {
  expect(loadConfig({ JWT_SECRET, REDIS_HOST: "redis" }).checkpointer.kind).toBe("redis");
  const stack = { JWT_SECRET, AURA_CHECKPOINTER: "redis-stack" };
  expect(loadConfig({ ...stack, REDIS_HOST: "redis" }).checkpointer.kind).toBe("redis-stack");
  expect(problemsOf(stack)).toEqual([expect.stringMatching(/^AURA_CHECKPOINTER .*needs the redis backend/)]);
  expect(problemsOf({ JWT_SECRET, AURA_CHECKPOINTER: "postgres" })).toHaveLength(1);
});

test("a thread outlives its approvals, and only redis mode has more than one process", () => {
  expect(problemsOf({ JWT_SECRET, AURA_THREAD_TTL: "60", AURA_APPROVAL_TTL: "60" })).toEqual([
    expect.stringMatching(/^AURA_THREAD_TTL /),
  ]);
  expect(problemsOf({ JWT_SECRET, AURA_ROLE: "api" })).toEqual([expect.stringMatching(/^AURA_ROLE /)]);
  expect(problemsOf({ JWT_SECRET, AURA_ROLE: "api", REDIS_HOST: "redis" })).toEqual([]);
});

test("a key or a base URL selects an OpenAI model, AURA_MODEL any other", () => {
  expect(loadConfig({ JWT_SECRET, OPENAI_API_KEY: "k" }).model).toBe("gpt-5.5");
  expect(loadConfig({ JWT_SECRET, OPENAI_BASE_URL: "http://localhost:11434/v1" }).model).toBe("gpt-5.5");
  expect(loadConfig({ JWT_SECRET, OPENAI_API_KEY: "k", AURA_MODEL: "demo" }).model).toBe("demo");
});

test("an unknown AURA_ variable is a typo, but other services' own are not", () => {
  const owned = { AURA_PLATFORM_URI: "http://x", AURA_URL: "http://x", AURA_TOKEN: "x" };
  const { warnings } = loadConfig({ JWT_SECRET, AURA_PROT: "1", ...owned });
  expect(warnings).toEqual([expect.stringMatching(/^AURA_PROT /)]);
});

test("the configuration cannot be changed", () => {
  const config = loadConfig({ JWT_SECRET });
  expect(Object.isFrozen(config) && Object.isFrozen(config.redis) && Object.isFrozen(config.mail)).toBe(true);
});

test("[R7.1] the process exits 1 and prints one line per problem, without a stack trace", async () => {
  const env = { PATH: process.env.PATH ?? "", JWT_SECRET: "short", AURA_PORT: "x" };
  const child = spawn(process.execPath, ["src/main.ts"], { env, stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, "close");
  expect(code).toBe(1);
  expect(stderr.trim().split("\n")).toEqual([
    expect.stringMatching(/^JWT_SECRET /),
    expect.stringMatching(/^AURA_PORT /),
  ]);
});
