import { modelName } from "../graphs/model/default-model.ts";
import type { GraphLimits } from "../graphs/state/limits.ts";
import {
  contradictions,
  type Environment,
  environment,
  OPENAI_DIMENSIONS,
  unknownVariables,
  withoutBlanks,
} from "./environment.ts";
import type { McpServer } from "./mcp/settings.ts";
import type { OwnerCaps } from "./records/owner-caps.ts";
import type { RunLimits } from "./runs/limits.ts";

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
  /** Whether events also have the names of DWP's web client. */
  readonly clientAliases: boolean;
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
    clientAliases: value.AURA_CLIENT_ALIASES === "on",
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
function fallbackModel(value: Environment): FallbackModel | undefined {
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
function executingCaps(value: Environment): OwnerCaps {
  const slots = value.AURA_CONCURRENCY;
  return Object.freeze({
    user: value.AURA_USER_CONCURRENCY ?? Math.ceil(slots / 4),
    tenant: value.AURA_TENANT_CONCURRENCY ?? Math.max(1, slots - Math.ceil(slots / 8)),
  });
}
