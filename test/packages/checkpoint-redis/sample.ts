import type { RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  uuid6,
} from "@langchain/langgraph-checkpoint";

export const METADATA: CheckpointMetadata = { source: "loop", step: 0, parents: {} };

/** A config that names a thread, and a namespace and a checkpoint if given. */
export function at(thread_id: string, checkpoint_ns = "", checkpoint_id?: string): RunnableConfig {
  return { configurable: { thread_id, checkpoint_ns, checkpoint_id } };
}

export function idOf(config: RunnableConfig): string {
  return config.configurable?.checkpoint_id;
}

let step = 0;

/** A checkpoint with these values; unless said otherwise all of them are new in it. */
export function checkpoint(values: Record<string, unknown>, versions?: ChannelVersions): Checkpoint {
  step += 1;
  return {
    v: 4,
    id: uuid6(step),
    ts: new Date().toISOString(),
    channel_values: values,
    channel_versions: versions ?? Object.fromEntries(Object.keys(values).map((name) => [name, step])),
    versions_seen: {},
  };
}

/** Stores values as a new checkpoint on top of `on`, all of them as new. */
export function putValues(
  saver: RedisCheckpointer,
  on: RunnableConfig,
  values: Record<string, unknown>,
  metadata: CheckpointMetadata = METADATA,
): Promise<RunnableConfig> {
  const stored = checkpoint(values);
  return saver.put(on, stored, metadata, stored.channel_versions);
}

/** All that an iterator yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export function listed(
  saver: RedisCheckpointer,
  config: RunnableConfig,
  options?: CheckpointListOptions,
): Promise<CheckpointTuple[]> {
  return collect(saver.list(config, options));
}

export const idsOf = (tuples: CheckpointTuple[]) => tuples.map(({ checkpoint }) => checkpoint.id);
export const valuesOf = (tuple: CheckpointTuple | undefined) => tuple?.checkpoint.channel_values;
export const writesOf = (tuple: CheckpointTuple | undefined) => tuple?.pendingWrites;
