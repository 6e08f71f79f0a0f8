import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type ConfigError, loadConfig } from "../src/config.ts";

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
    caps: {
      executing: { user: 16, tenant: 56 },
      queued: { user: 200, tenant: 5_000 },
      streams: { user: 100, tenant: 2_000 },
    },
    clientAliases: true,
    approvalTtlMs: 30 * 60_000,
    limits: {
      maxTurns: 25,
      maxCalls: 32,
      maxOutput: 500_000,
      maxEvents: 50_000,
      maxRunMs: 30 * 60_000,
    },
    threadTtlMs: 30 * 24 * 3_600_000,
    reconcileMs: 5_000,
    leaseMs: 20_000,
    redis: { host: "localhost", port: 6379, password: undefined },
    model: "demo",
    openai: { apiKey: undefined, baseUrl: undefined },
    mail: { smtpUrl: undefined, from: "aura@dwp.local" },
    mainServiceUrl: undefined,
    mcpServers: [],
    maxTools: 128,
    dataDir: ".aura",
    knowledge: {
      enabled: true,
      uri: undefined,
      embeddingModel: undefined,
      embeddingDimensions: 1536,
    },
    logLevel: "info",
    warnings: [],
  });
});

test("[R7.1] JWT_SECRET is required and has at least 32 bytes, counted in UTF-8", () => {
  expect(problemsOf({})).toEqual([expect.stringMatching(/^JWT_SECRET is required/)]);
  expect(problemsOf({ JWT_SECRET: "x".repeat(31) })).toEqual([expect.stringMatching(/^JWT_SECRET must/)]);
  expect(problemsOf({ JWT_SECRET: "비밀".repeat(6) })).toEqual([]);
});

test("an embedding model that is not OpenAI's says how long its vectors are, in eights", () => {
  const problems = (env: Record<string, string>) => problemsOf({ JWT_SECRET: "x".repeat(32), ...env });
  expect(problems({ AURA_EMBEDDING_MODEL: "text-embedding-3-large" })).toEqual([]);
  expect(problems({ AURA_EMBEDDING_MODEL: "bge-m3" })).toEqual([
    expect.stringMatching(/^AURA_EMBEDDING_DIMENSIONS is required/),
  ]);
  expect(problems({ AURA_EMBEDDING_MODEL: "bge-m3", AURA_EMBEDDING_DIMENSIONS: "1024" })).toEqual([]);
  for (const bad of ["1023", "0", "56", "many", "16384"]) {
    expect(problems({ AURA_EMBEDDING_DIMENSIONS: bad })).toEqual([
      expect.stringMatching(/^AURA_EMBEDDING_DIMENSIONS must/),
    ]);
  }
});

test("the limits of a run are whole numbers within reason", () => {
  const limits = {
    AURA_MAX_TURNS: "5",
    AURA_MAX_CALLS: "1",
    AURA_MAX_OUTPUT: "1000",
    AURA_MAX_EVENTS: "100",
  };
  expect(loadConfig({ JWT_SECRET, ...limits, AURA_MAX_RUN_SECONDS: "60" }).limits).toEqual({
    maxTurns: 5,
    maxCalls: 1,
    maxOutput: 1_000,
    maxEvents: 100,
    maxRunMs: 60_000,
  });
  for (const name of [...Object.keys(limits), "AURA_MAX_RUN_SECONDS"]) {
    for (const bad of ["0", "-1", "1.5", "many", "1e12"]) {
      expect(problemsOf({ JWT_SECRET, [name]: bad })).toEqual([expect.stringMatching(`^${name} `)]);
    }
  }
});

test("how many tools a request may have is a whole number", () => {
  expect(loadConfig({ JWT_SECRET }).maxTools).toBe(128);
  expect(loadConfig({ JWT_SECRET, AURA_MAX_TOOLS: "20" }).maxTools).toBe(20);
  for (const bad of ["0", "-1", "1.5", "many"])
    expect(problemsOf({ JWT_SECRET, AURA_MAX_TOOLS: bad })).toEqual([
      expect.stringMatching(/^AURA_MAX_TOOLS /),
    ]);
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

test("one user and one tenant leave slots free, as far as there are any, unless the settings say otherwise", () => {
  const executing = (env: NodeJS.ProcessEnv) => loadConfig({ JWT_SECRET, ...env }).caps.executing;
  expect(executing({ AURA_CONCURRENCY: "8" })).toEqual({ user: 2, tenant: 7 });
  expect(executing({ AURA_CONCURRENCY: "2" })).toEqual({ user: 1, tenant: 1 });
  expect(executing({ AURA_CONCURRENCY: "1" })).toEqual({ user: 1, tenant: 1 });
  const own = { AURA_USER_CONCURRENCY: "3", AURA_TENANT_CONCURRENCY: "5" };
  expect(executing({ AURA_CONCURRENCY: "8", ...own })).toEqual({ user: 3, tenant: 5 });
  const names = ["CONCURRENCY", "QUEUE", "STREAMS"].flatMap((of) => [`AURA_USER_${of}`, `AURA_TENANT_${of}`]);
  for (const bad of ["0", "-1", "1.5", "many"]) {
    const problems = problemsOf({ JWT_SECRET, ...Object.fromEntries(names.map((name) => [name, bad])) });
    expect(problems.map((line) => line.split(" ")[0])).toEqual(names);
  }
});

test("AURA_MCP_SERVERS is JSON text or the path of a JSON file", async () => {
  const text = JSON.stringify({
    files: {
      command: "node",
      args: ["server.js"],
      env: { KEY: "k" },
      trust: true,
      approval: { read: "always" },
    },
    web_search: {
      url: "http://mcp:3000/mcp",
      headers: { authorization: "Bearer t" },
      tools: ["search"],
      timeoutMs: 5_000,
      connectTimeoutMs: 7_000,
    },
  });
  const directory = await mkdtemp(join(tmpdir(), "aura-config-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, "mcp.json"), text);
  const servers = [
    {
      name: "files",
      reach: { kind: "stdio", command: "node", args: ["server.js"], env: { KEY: "k" }, cwd: undefined },
      trust: true,
      approval: new Map([["read", "always"]]),
      tools: undefined,
      timeoutMs: 60_000,
      connectTimeoutMs: 120_000,
    },
    {
      name: "web_search",
      reach: { kind: "http", url: "http://mcp:3000/mcp", headers: { authorization: "Bearer t" } },
      trust: false,
      approval: new Map(),
      tools: ["search"],
      timeoutMs: 5_000,
      connectTimeoutMs: 7_000,
    },
  ];
  expect(loadConfig({ JWT_SECRET, AURA_MCP_SERVERS: text }).mcpServers).toEqual(servers);
  expect(loadConfig({ JWT_SECRET, AURA_MCP_SERVERS: join(directory, "mcp.json") }).mcpServers).toEqual(
    servers,
  );
});

test("what is wrong with AURA_MCP_SERVERS is one line per problem, and no line quotes a value", () => {
  const secret = "s3cret";
  const servers = {
    a__b: { url: "http://mcp/" },
    both: { command: secret, url: "http://mcp/" },
    neither: { trust: true },
    mixed: { url: "http://mcp/", env: { KEY: secret } },
    wrong: {
      url: secret,
      headers: { authorization: 7 },
      approval: { x: secret },
      timeoutMs: 0,
      typo: secret,
    },
    header: { url: "http://mcp/", headers: { authorization: `${secret}\nx` } },
    userinfo: { url: `http://user:${secret}@mcp/` },
    list: [secret],
  };
  const problems = problemsOf({ JWT_SECRET, AURA_MCP_SERVERS: JSON.stringify(servers) });
  expect(problems.map((line) => line.split(": ")[0])).toEqual([
    'AURA_MCP_SERVERS "a__b"',
    ...["both", "neither", "mixed", "wrong.url", "wrong.headers.authorization", "wrong.approval.x"].map(
      (place) => `AURA_MCP_SERVERS ${place}`,
    ),
    ...["wrong.timeoutMs", "wrong", "header.headers", "userinfo", "list"].map(
      (place) => `AURA_MCP_SERVERS ${place}`,
    ),
  ]);
  expect(problems.join()).not.toMatch(secret);
  for (const text of [`{"a": ${secret}`, `/no/such/${secret}.json`, "[]"]) {
    const lines = problemsOf({ JWT_SECRET, AURA_MCP_SERVERS: text });
    expect(lines).toEqual([expect.stringMatching(/^AURA_MCP_SERVERS is /)]);
    expect(lines[0]).not.toMatch(secret);
  }
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
