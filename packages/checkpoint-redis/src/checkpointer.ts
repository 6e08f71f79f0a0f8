import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  type DeltaChannelHistory,
  type PendingWrite,
  type SerializerProtocol,
  WRITES_IDX_MAP,
} from "@langchain/langgraph-checkpoint";
import type { Cluster, Redis } from "ioredis";
import { CheckpointerError, InvalidIdError } from "./errors.ts";
import type { FenceOf } from "./fence.ts";
import { deltaHistory } from "./history.ts";
import { addressOf, checkId, checkText, requireThread } from "./ids.ts";
import {
  checkpointName,
  checkpointRange,
  checkpointsRange,
  indexKey,
  indexName,
  taskName,
} from "./layout.ts";
import { listThread } from "./list.ts";
import { dump, encodeWrite } from "./record.ts";
import { CheckpointSerializer } from "./serializer/serializer.ts";
import { ThreadIndex } from "./thread-index.ts";
import { ThreadStore } from "./thread-store.ts";
import { configOf, toTuples } from "./tuples.ts";
import { carriesOver, newValues, toRecord } from "./write.ts";

export interface RedisCheckpointerOptions {
  /** Begins every key; must hold no brace. Default `langgraph:`. */
  keyPrefix?: string;
  /** A thread that is neither read nor written to for so long is gone, as a whole. Default: threads stay. */
  ttlMs?: number;
  /** The last so many checkpoints per thread and namespace, and those that are still needed. Default: all. */
  keep?: number;
  /** Turns values into bytes and back; default CheckpointSerializer. */
  serde?: SerializerProtocol;
  /** Which fence a call writes under. Default: none. */
  fence?: FenceOf;
}

/**
 * Stores LangGraph's checkpoints in plain Redis (>= 6.2; single, Sentinel or Cluster). One key per thread,
 * one atomic script and one round trip per put, putWrites and getTuple; nothing scans the keyspace.
 */
export class RedisCheckpointer extends BaseCheckpointSaver {
  readonly #threads: ThreadStore;
  readonly #index: ThreadIndex;
  readonly #keep: number;
  readonly #fence: FenceOf;

  /** @param redis stays the caller's: connected before the first call, closed by the caller */
  constructor(redis: Redis | Cluster, options: RedisCheckpointerOptions = {}) {
    const { keyPrefix = "langgraph:", ttlMs, keep, fence = () => undefined } = options;
    super(options.serde ?? new CheckpointSerializer());
    if (/[{}]/.test(keyPrefix)) throw new CheckpointerError("keyPrefix must not contain { or }");
    requirePositive("ttlMs", ttlMs);
    requirePositive("keep", keep);
    this.#threads = new ThreadStore(redis, keyPrefix, ttlMs);
    this.#index = new ThreadIndex(redis, indexKey(keyPrefix), ttlMs);
    this.#keep = keep ?? 0;
    this.#fence = fence;
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { threadId, ns = "", checkpointId } = addressOf(config);
    if (threadId === undefined) return undefined;
    const range = checkpointId === undefined ? checkpointsRange(ns) : checkpointRange(ns, checkpointId);
    const [found] = await both(this.#threads.read(threadId, [range], 1), this.#index.refresh(threadId));
    const source = { serde: this.serde, threadId, key: this.#threads.key(threadId) };
    return (await toTuples(source, found))[0];
  }

  /** Newest first within a thread; without a thread_id thread by thread, last used first. */
  override async *list(
    config: RunnableConfig,
    { limit = Number.POSITIVE_INFINITY, before, filter }: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const { threadId, ns, checkpointId } = addressOf(config);
    const query = { ns, checkpointId, before: before && addressOf(before).checkpointId, filter };
    if (threadId !== undefined) {
      yield* listThread(this.#threads, this.serde, threadId, query, limit);
      return;
    }
    let left = limit;
    for await (const thread of this.#index.all()) {
      if (left <= 0) return;
      let found = false;
      for await (const tuple of listThread(this.#threads, this.serde, thread.threadId, query, left)) {
        found = true;
        left -= 1;
        yield tuple;
      }
      if (!found && !(await this.#threads.exists(thread.threadId))) await this.#index.forget(thread);
    }
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const { threadId: id, ns = "", checkpointId: parentId } = addressOf(config);
    const threadId = requireThread(id);
    checkId("checkpoint id", checkpoint.id);
    const [record, values] = await Promise.all([
      toRecord(this.serde, ns, parentId, checkpoint, metadata),
      newValues(this.serde, ns, checkpoint, newVersions),
    ]);
    const needsParent = parentId !== undefined && carriesOver(checkpoint, newVersions);
    const parent = needsParent ? checkpointName(ns, parentId) : undefined;
    const fence = this.#fence(config.configurable ?? {});
    // The index first: where both are on one server, no thread is ever missing from it.
    const indexed = this.#index.add(threadId);
    const stored = this.#threads.put(threadId, this.#keep, parent, record, values, fence);
    const [isStored] = await both(stored, indexed);
    if (!isStored) {
      // The thread was deleted, or expired, since the run read it: what it carries over is known only here.
      const all = await newValues(this.serde, ns, checkpoint, checkpoint.channel_versions);
      await this.#threads.put(threadId, this.#keep, undefined, record, all, fence);
    }
    return configOf(threadId, ns, checkpoint.id);
  }

  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath = "",
  ): Promise<void> {
    const { threadId: id, ns = "", checkpointId } = addressOf(config);
    const threadId = requireThread(id);
    if (checkpointId === undefined) throw new InvalidIdError("the config names no checkpoint_id");
    const name = taskName(ns, checkpointId, checkId("task id", taskId));
    checkText("task path", taskPath);
    if (writes.length === 0) return;
    const records = await Promise.all(
      writes.map(async ([channel, value], position) => ({
        name: name + indexName(WRITES_IDX_MAP[channel] ?? position),
        record: encodeWrite(
          taskPath,
          checkText("channel", channel),
          await dump(this.serde, value, `channel ${channel}`),
        ),
      })),
    );
    const isSpecial = writes.every(([channel]) => channel in WRITES_IDX_MAP);
    const fence = this.#fence(config.configurable ?? {});
    const stored = this.#threads.putWrites(threadId, isSpecial ? "replace" : "add", records, fence);
    await both(stored, this.#index.refresh(threadId));
  }

  /** @param configurable for the fence, if there is one */
  override async deleteThread(threadId: string, configurable: Record<string, unknown> = {}): Promise<void> {
    checkId("thread_id", threadId);
    await this.#threads.delete(threadId, this.#fence(configurable));
    await this.#index.remove(threadId);
  }

  /** Starts the thread's time to live again, as reading it does. */
  async touch(threadId: string): Promise<void> {
    checkId("thread_id", threadId);
    await both(this.#threads.touch(threadId), this.#index.refresh(threadId));
  }

  override async getDeltaChannelHistory(options: {
    config: RunnableConfig;
    channels: string[];
  }): Promise<Record<string, DeltaChannelHistory>> {
    const { threadId, ns = "", checkpointId } = addressOf(options.config);
    const channels = [...new Set(options.channels)];
    if (channels.length === 0) return {};
    if (threadId === undefined)
      return Object.fromEntries(channels.map((channel) => [channel, { writes: [] }]));
    const found = this.#threads.history(threadId, ns, checkpointId, channels);
    const [history] = await both(found, this.#index.refresh(threadId));
    const source = { serde: this.serde, threadId, key: this.#threads.key(threadId) };
    return deltaHistory(source, channels, history);
  }

  /**
   * Whole numbers count the steps; the fraction is this branch's own, so that two branches of one parent
   * never give the same version to different values. Threads with whole versions simply go on.
   */
  override getNextVersion(current: number | undefined): number {
    return Math.floor(current ?? 0) + 1 + Math.random();
  }
}

/** Two commands on their way at once. Both have ended when this does, even if one has failed. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}

function requirePositive(option: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return;
  throw new CheckpointerError(`${option} must be a positive whole number`);
}
