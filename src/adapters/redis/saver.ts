import { type FenceOf, RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import { InMemorySerializer } from "@aura-platform/checkpoint-redis/serializer/serializer.ts";
import { type BaseCheckpointSaver, MemorySaver } from "@langchain/langgraph";
import { RedisSaver } from "@langchain/langgraph-checkpoint-redis";
import { z } from "zod";
import { LeaseLostError } from "../../ports/thread-lease.ts";
import type { BackendLogger } from "../backend-logger.ts";
import type { RedisCommands } from "./commands.ts";
import type { RedisAddress, RedisConnection } from "./connection.ts";
import { durabilityWarnings } from "./durability.ts";
import { CHECKPOINTER_KEY, leaseKey } from "./keys.ts";
import { claimCheckpointer } from "./scripts/checkpointer.ts";
import { guarded } from "./stack-saver.ts";

/** Where checkpoints are kept in redis mode. */
type CheckpointerKind = "redis" | "redis-stack" | "memory";

/**
 * The chosen saver cannot be used with this Redis. The message is for the operator: one line, with what to
 * do.
 */
export class CheckpointerRefusedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CheckpointerRefusedError";
  }
}

export interface SaverOptions {
  kind: CheckpointerKind;
  /** Use this kind although another one holds this Redis' threads, and record it. */
  allowSwitch: boolean;
  /** Checkpoints kept per thread; all when undefined. */
  keep: number | undefined;
  /** How long a thread's checkpoints live after their last use. */
  threadTtlMs: number;
  address: RedisAddress;
  connection: RedisConnection;
  redis: RedisCommands;
  logger: BackendLogger;
}

export interface OpenSaver {
  saver: BaseCheckpointSaver;
  /**
   * Removes everything of a thread: its id, and who works on it, as LangGraph's `configurable` names them.
   *
   * @throws LeaseLostError when somebody else does by now, and the saver can tell (`redis` can)
   */
  forget(configurable: ThreadConfigurable): Promise<void>;
  close(): Promise<void>;
}

interface ThreadConfigurable {
  thread_id: string;
  /** Whose lease on the thread the call is made under. */
  leaseHolder?: string | undefined;
}

const STACK_COMMANDS = ["JSON.SET", "FT.SEARCH"];

/**
 * Opens the checkpoint saver that this Redis' threads are kept in.
 *
 * @throws CheckpointerRefusedError when another kind holds them, or Redis lacks what the kind needs;
 *   BackendUnavailableError when Redis does not answer
 */
export async function openSaver(options: SaverOptions): Promise<OpenSaver> {
  const { kind, redis, logger, connection } = options;
  if (kind === "redis-stack") await requireStack(redis);
  await claim(options);
  if (kind === "memory") {
    logger.warn({}, "AURA_CHECKPOINTER=memory: a restart forgets every thread, and approvals that wait");
    return withoutLeases(new MemorySaver(new InMemorySerializer()), async () => {});
  }
  for (const warning of await durabilityWarnings(redis)) logger.warn({}, warning);
  const { keep, threadTtlMs } = options;
  if (kind === "redis") {
    const saver = new RedisCheckpointer(connection.client, {
      ttlMs: threadTtlMs,
      fence: leaseFence,
      ...(keep === undefined ? {} : { keep }),
    });
    const forget = (thread: ThreadConfigurable) => saver.deleteThread(thread.thread_id, { ...thread });
    return { saver, forget, close: async () => {} };
  }
  const ttl = { defaultTTL: Math.ceil(threadTtlMs / 60_000), refreshOnRead: true };
  const saver = guarded(await RedisSaver.fromUrl(stackUrl(options.address), ttl));
  return withoutLeases(saver, () => saver.end());
}

/** A saver that cannot check leases. */
export function withoutLeases(saver: BaseCheckpointSaver, close: OpenSaver["close"]): OpenSaver {
  return { saver, forget: (thread) => saver.deleteThread(thread.thread_id), close };
}

/** A worker that has lost its thread's lease writes nothing there any more, whether or not it knows. */
const leaseFence: FenceOf = ({ thread_id, leaseHolder }) => {
  if (typeof thread_id !== "string" || typeof leaseHolder !== "string") return undefined;
  const refusal = () => new LeaseLostError(thread_id);
  return { key: leaseKey(thread_id), field: "holder", value: leaseHolder, refusal };
};

async function requireStack(redis: RedisCommands): Promise<void> {
  const known = z.array(z.unknown()).parse(await redis.command("COMMAND", ["INFO", ...STACK_COMMANDS]));
  const missing = STACK_COMMANDS.filter((_, index) => !known[index]);
  if (missing.length === 0) return;
  throw new CheckpointerRefusedError(
    `AURA_CHECKPOINTER=redis-stack needs a Redis with ${missing.join(" and ")} (Redis 8 or Redis Stack); use AURA_CHECKPOINTER=redis with this one`,
  );
}

async function claim({ kind, allowSwitch, redis, logger }: SaverOptions): Promise<void> {
  const args = { kind, replace: allowSwitch ? "1" : "0" };
  const recorded = await claimCheckpointer(redis, { recorded: CHECKPOINTER_KEY }, args);
  if (recorded === null || recorded === kind || recorded === "memory") return;
  if (!allowSwitch) {
    throw new CheckpointerRefusedError(
      `AURA_CHECKPOINTER=${kind}, but this Redis holds threads of "${recorded}", which would be hidden; set AURA_CHECKPOINTER=${recorded}, or AURA_CHECKPOINTER_SWITCH=1 to go on without them`,
    );
  }
  logger.warn({ recorded, kind }, "checkpointer switched: threads saved by the other one are hidden");
}

function stackUrl({ host, port, password }: RedisAddress): string {
  const credentials = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
  return `redis://${credentials}${host.includes(":") ? `[${host}]` : host}:${port}`;
}
