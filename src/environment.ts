import { z } from "zod";
import { mcpServers } from "./mcp/settings.ts";

const portError = { error: "must be a port number, 0 to 65535" };
const port = z.coerce.number(portError).int(portError).min(0, portError).max(65_535, portError);

const count = (most: number) => z.coerce.number().int().min(1).max(most);

/** How much a model reads; less than this is no room for the agent's own instructions. */
const tokens = z.coerce.number().int().min(1_000).max(100_000_000);

const endpoint = z.url({ protocol: /^https?$/, error: "must be an http(s) URL" });

/** Lifetimes, in seconds; at most ten years. */
const seconds = z.coerce.number().int().min(1).max(315_360_000);

/** How many numbers a vector has that we ask OpenAI's embedding models for. */
export const OPENAI_DIMENSIONS = 1536;
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
  AURA_CLIENT_ALIASES: z.enum(["on", "off"]).default("on"),
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

/** The variables that the service reads, each parsed and with its default. */
export const environment = z.object(variables);

export type Environment = z.output<typeof environment>;

/** What is wrong with variables that are right one by one, a line each. */
export function contradictions(value: Environment & { backend: string; kind: string }): string[] {
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

/** A blank value is none. */
export function withoutBlanks(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
}

/** A line for each `AURA_*` that nothing reads. */
export function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith("AURA_") && !(name in variables) && !OWNED_BY_OTHERS.has(name))
    .sort()
    .map((name) => `${name} is not a setting of Aura-Platform: a typo?`);
}
