import { z } from "zod";
import type { GraphLimits } from "../graphs/limits.ts";
import { modelName } from "../graphs/model/default-model.ts";
import { type McpServer, mcpServers } from "./mcp/settings.ts";
import type { OwnerCaps } from "./runs/caps.ts";
import type { RunLimits } from "./runs/limits.ts";

const portError = { error: "must be a port number, 0 to 65535" };
const port = z.coerce.number(portError).int(portError).min(0, portError).max(65_535, portError);

const count = (most: number) => z.coerce.number().int().min(1).max(most);

/** How much a model reads; less than this is no room for the agent's own instructions. */
const tokens = z.coerce.number().int().min(1_000).max(100_000_000);

const endpoint = z.url({ protocol: /^https?$/, error: "must be an http(s) URL" });

/** Lifetimes, in seconds; at most ten years. */
const seconds = z.coerce.number().int().min(1).max(315_360_000);

/** Of the vectors of OpenAI's embedding models, as they are asked for. */
const OPENAI_DIMENSIONS = 1536;
const OPENAI_EMBEDDINGS = /(?:^|\/)text-embedding-(?:3-(?:small|large)|ada-002)$/;
const dimensionsError = { error: "must be a multiple of 8, 64 to 8192" };

/** One entry per variable; what each means stands in the README's configuration table. */
const variables = {
  JWT_SECRET: z
    .string({ error: "is required: the HS256 secret shared with DWP, at least 32 bytes" })
    .refine((secret) => Buffer.byteLength(secret, "utf8") >= 32, {
      error: "must be at least 32 bytes (256 bits) of UTF-8",
    }),
  AURA_PORT: port.default(9000),
  AURA_HOST: z.string().default("127.0.0.1"),
  AURA_BACKEND: z.enum(["embedded", "redis"]).optional(),
  AURA_MODEL: z.string().optional(),
  AURA_MODEL_CONTEXT: tokens.optional(),
  AURA_MODEL_FALLBACK: z.string().optional(),
  AURA_FALLBACK_API_KEY: z.string().optional(),
  AURA_FALLBACK_BASE_URL: endpoint.optional(),
  AURA_FALLBACK_CONTEXT: tokens.optional(),
  AURA_CHECKPOINTER: z.enum(["redis", "redis-stack", "memory"]).optional(),
  AURA_CHECKPOINTER_SWITCH: z.enum(["0", "1"]).default("0"),
  AURA_CHECKPOINT_KEEP: z.coerce.number().int().min(1).optional(),
  AURA_ROLE: z.enum(["all", "api", "worker"]).default("all"),
  AURA_CONCURRENCY: count(10_000).default(64),
  AURA_USER_CONCURRENCY: count(10_000).optional(),
  AURA_TENANT_CONCURRENCY: count(10_000).optional(),
  AURA_USER_QUEUE: count(1_000_000).default(200),
  AURA_TENANT_QUEUE: count(1_000_000).default(5_000),
  AURA_USER_STREAMS: count(1_000_000).default(100),
  AURA_TENANT_STREAMS: count(1_000_000).default(2_000),
  AURA_APPROVAL_TTL: seconds.default(30 * 60),
  AURA_THREAD_TTL: seconds.default(30 * 24 * 3600),
  AURA_RECONCILE_MS: z.coerce.number().int().min(100).max(3_600_000).default(5_000),
  AURA_MAX_TURNS: z.coerce.number().int().min(1).max(1_000).default(25),
  AURA_MAX_CALLS: z.coerce.number().int().min(1).max(1_000).default(32),
  AURA_MAX_OUTPUT: z.coerce.number().int().min(1_000).max(50_000_000).default(500_000),
  AURA_MAX_EVENTS: z.coerce.number().int().min(100).max(10_000_000).default(50_000),
  AURA_MAX_RUN_SECONDS: z.coerce.number().int().min(1).max(86_400).default(1_800),
  AURA_MCP_SERVERS: mcpServers.optional(),
  AURA_MAX_TOOLS: count(10_000).default(128),
  AURA_LEASE_MS: z.coerce.number().int().min(1_000).max(600_000).default(20_000),
  AURA_DATA_DIR: z.string().default(".aura"),
  AURA_KNOWLEDGE: z.enum(["on", "off"]).default("on"),
  AURA_EMBEDDING_MODEL: z.string().optional(),
  AURA_EMBEDDING_DIMENSIONS: z.coerce
    .number(dimensionsError)
    .multipleOf(8, dimensionsError)
    .min(64, dimensionsError)
    .max(8_192, dimensionsError)
    .optional(),
  KNOWLEDGE_URI: z.string().optional(),
  REDIS_HOST: z.string().optional(),
  REDIS_PORT: port.default(6379),
  REDIS_PASSWORD: z.string().optional(),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: endpoint.optional(),
  SMTP_URL: z.url({ protocol: /^smtps?$/, error: "must be an smtp(s) URL" }).optional(),
  MAIL_FROM: z.string().default("aura@dwp.local"),
  MAIN_SERVICE_URL: z.url({ protocol: /^https?$/, error: "must be an http(s) URL" }).optional(),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
};

/** AURA_* names that other DWP services and the command line own. */
const OWNED_BY_OTHERS = new Set(["AURA_PLATFORM_URI", "AURA_URL", "AURA_TOKEN"]);

const environment = z.object(variables);

export interface Config {
  readonly jwtSecret: string;
  readonly host: string;
  readonly port: number;
  readonly backend: "embedded" | "redis";
  /** Where checkpoints are kept: `redis` and `redis-stack` need the redis backend. */
  readonly checkpointer: {
    readonly kind: "redis" | "redis-stack" | "memory";
    readonly allowSwitch: boolean;
    /** Checkpoints kept per thread; all when undefined. */
    readonly keep: number | undefined;
  };
  /** What this process does: serve the API, work on runs, or both. */
  readonly role: "all" | "api" | "worker";
  /** Runs that this process works on side by side. */
  readonly concurrency: number;
  /** What one user and one tenant may have at a time. */
  readonly caps: {
    /** Of the runs that this process works on. */
    readonly executing: OwnerCaps;
    /** Of runs that wait for a worker, everywhere. */
    readonly queued: OwnerCaps;
    /** Of the streams that this process has open. */
    readonly streams: OwnerCaps;
  };
  readonly approvalTtlMs: number;
  /** How much one run may do. */
  readonly limits: Readonly<GraphLimits & RunLimits>;
  /** How long everything of a thread is kept after its last use. */
  readonly threadTtlMs: number;
  /** How often lost signals, lost jobs and expired approvals are looked for. */
  readonly reconcileMs: number;
  /** How long a worker that died keeps others from its thread. */
  readonly leaseMs: number;
  readonly redis: { readonly host: string; readonly port: number; readonly password: string | undefined };
  readonly model: string;
  /** Tokens that it reads, where the settings say so. */
  readonly modelContext: number | undefined;
  /** Asked when the model has failed. */
  readonly fallback: FallbackModel | undefined;
  readonly openai: { readonly apiKey: string | undefined; readonly baseUrl: string | undefined };
  readonly mail: { readonly smtpUrl: string | undefined; readonly from: string };
  readonly mainServiceUrl: string | undefined;
  readonly mcpServers: readonly McpServer[];
  /** How many tools a request to the model may have, our own ones included. */
  readonly maxTools: number;
  readonly dataDir: string;
  /** The index of domain events. */
  readonly knowledge: {
    readonly enabled: boolean;
    /** A folder or object storage; `<dataDir>/knowledge` when undefined. */
    readonly uri: string | undefined;
    readonly embeddingModel: string | undefined;
    /** Length of its vectors. */
    readonly embeddingDimensions: number;
  };
  readonly logLevel: string;
  /** Lines for the log at boot. */
  readonly warnings: readonly string[];
}

export interface FallbackModel {
  readonly model: string;
  readonly apiKey: string | undefined;
  readonly baseUrl: string | undefined;
  /** Tokens that it reads. */
  readonly context: number | undefined;
}

/** The environment is not usable. `problems` holds one line per variable. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/**
 * Reads the whole configuration from an environment. Empty values count as missing.
 * Throws ConfigError with every problem at once.
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const parsed = environment.safeParse(withoutBlanks(env));
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`));
  }
  const value = parsed.data;
  const backend = value.AURA_BACKEND ?? (value.REDIS_HOST === undefined ? "embedded" : "redis");
  const kind = value.AURA_CHECKPOINTER ?? (backend === "redis" ? "redis" : "memory");
  const problems = contradictions({ ...value, backend, kind });
  if (problems.length > 0) throw new ConfigError(problems);
  const openai = Object.freeze({ apiKey: value.OPENAI_API_KEY, baseUrl: value.OPENAI_BASE_URL });
  return Object.freeze({
    jwtSecret: value.JWT_SECRET,
    host: value.AURA_HOST,
    port: value.AURA_PORT,
    backend,
    checkpointer: Object.freeze({
      kind,
      allowSwitch: value.AURA_CHECKPOINTER_SWITCH === "1",
      keep: value.AURA_CHECKPOINT_KEEP,
    }),
    role: value.AURA_ROLE,
    concurrency: value.AURA_CONCURRENCY,
    caps: Object.freeze({
      executing: executingCaps(value),
      queued: Object.freeze({ user: value.AURA_USER_QUEUE, tenant: value.AURA_TENANT_QUEUE }),
      streams: Object.freeze({ user: value.AURA_USER_STREAMS, tenant: value.AURA_TENANT_STREAMS }),
    }),
    approvalTtlMs: value.AURA_APPROVAL_TTL * 1000,
    limits: Object.freeze({
      maxTurns: value.AURA_MAX_TURNS,
      maxCalls: value.AURA_MAX_CALLS,
      maxOutput: value.AURA_MAX_OUTPUT,
      maxEvents: value.AURA_MAX_EVENTS,
      maxRunMs: value.AURA_MAX_RUN_SECONDS * 1000,
    }),
    threadTtlMs: value.AURA_THREAD_TTL * 1000,
    reconcileMs: value.AURA_RECONCILE_MS,
    leaseMs: value.AURA_LEASE_MS,
    redis: Object.freeze({
      host: value.REDIS_HOST ?? "localhost",
      port: value.REDIS_PORT,
      password: value.REDIS_PASSWORD,
    }),
    model: modelName(value.AURA_MODEL, openai.apiKey, openai.baseUrl),
    modelContext: value.AURA_MODEL_CONTEXT,
    fallback: fallbackModel(value),
    openai,
    mail: Object.freeze({ smtpUrl: value.SMTP_URL, from: value.MAIL_FROM }),
    mainServiceUrl: value.MAIN_SERVICE_URL,
    mcpServers: Object.freeze(value.AURA_MCP_SERVERS ?? []),
    maxTools: value.AURA_MAX_TOOLS,
    dataDir: value.AURA_DATA_DIR,
    knowledge: Object.freeze({
      enabled: value.AURA_KNOWLEDGE === "on",
      uri: value.KNOWLEDGE_URI,
      embeddingModel: value.AURA_EMBEDDING_MODEL,
      embeddingDimensions: value.AURA_EMBEDDING_DIMENSIONS ?? OPENAI_DIMENSIONS,
    }),
    logLevel: value.LOG_LEVEL,
    warnings: Object.freeze(unknownVariables(env)),
  });
}

/** At the first model's endpoint, unless it has one of its own: a key goes to its own endpoint only. */
function fallbackModel(value: z.output<typeof environment>): FallbackModel | undefined {
  const model = value.AURA_MODEL_FALLBACK;
  if (model === undefined) return undefined;
  const baseUrl = value.AURA_FALLBACK_BASE_URL;
  const own = { apiKey: value.AURA_FALLBACK_API_KEY, baseUrl };
  const shared = {
    apiKey: value.AURA_FALLBACK_API_KEY ?? value.OPENAI_API_KEY,
    baseUrl: value.OPENAI_BASE_URL,
  };
  return Object.freeze({
    model,
    ...(baseUrl === undefined ? shared : own),
    context: value.AURA_FALLBACK_CONTEXT,
  });
}

/** Slots stay free for others: one user takes a quarter of them, one tenant all but an eighth. */
function executingCaps(value: z.output<typeof environment>): OwnerCaps {
  const slots = value.AURA_CONCURRENCY;
  return Object.freeze({
    user: value.AURA_USER_CONCURRENCY ?? Math.ceil(slots / 4),
    tenant: value.AURA_TENANT_CONCURRENCY ?? Math.max(1, slots - Math.ceil(slots / 8)),
  });
}

function contradictions(value: z.output<typeof environment> & { backend: string; kind: string }): string[] {
  const problems: string[] = [];
  if (value.backend === "embedded") {
    if (value.kind !== "memory") {
      problems.push(`AURA_CHECKPOINTER ${value.kind} needs the redis backend: set REDIS_HOST`);
    }
    if (value.AURA_ROLE !== "all") {
      problems.push(`AURA_ROLE ${value.AURA_ROLE} needs the redis backend: set REDIS_HOST`);
    }
  }
  if (value.AURA_THREAD_TTL <= value.AURA_APPROVAL_TTL) {
    problems.push(
      "AURA_THREAD_TTL must be longer than AURA_APPROVAL_TTL: an approval must not outlive its thread",
    );
  }
  for (const name of ["AURA_FALLBACK_API_KEY", "AURA_FALLBACK_BASE_URL", "AURA_FALLBACK_CONTEXT"] as const) {
    if (value[name] !== undefined && value.AURA_MODEL_FALLBACK === undefined) {
      problems.push(`${name} needs AURA_MODEL_FALLBACK: the name of the model there`);
    }
  }
  const model = value.AURA_EMBEDDING_MODEL;
  const isOpenAis = model === undefined || OPENAI_EMBEDDINGS.test(model);
  if (!isOpenAis && value.AURA_EMBEDDING_DIMENSIONS === undefined) {
    problems.push(
      `AURA_EMBEDDING_DIMENSIONS is required with AURA_EMBEDDING_MODEL ${model}: the length of its vectors`,
    );
  }
  return problems;
}

function withoutBlanks(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
}

function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith("AURA_") && !(name in variables) && !OWNED_BY_OTHERS.has(name))
    .sort()
    .map((name) => `${name} is not a setting of Aura-Platform: a typo?`);
}
