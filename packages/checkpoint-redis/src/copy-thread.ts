import { createHash } from "node:crypto";
import type {
  BaseCheckpointSaver,
  ChannelVersions,
  Checkpoint,
  CheckpointMetadata,
  CheckpointPendingWrite,
  CheckpointTuple,
  SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import { VersionConflictError } from "./errors.ts";

/** The official saver gives 10 when nothing is said, and RediSearch refuses to give more than this. */
const ALL = 1_000_000;
/** As LangGraph reads a checkpoint that has none. */
const NO_METADATA: CheckpointMetadata = { source: "loop", step: -1, parents: {} };

/**
 * Copies all checkpoints of a thread, of every namespace, with their pending writes, ids and parents, from
 * one saver to another: a run goes on there where it stood, also one that waits at an interrupt. Nothing may
 * run on the thread meanwhile. What is there already stays, so a copy that was cut off is simply made again.
 * The whole thread is in memory while it is copied.
 *
 * @returns how many checkpoints were copied; 0 when `from` does not have the thread
 * @throws what the two savers throw
 */
export async function copyThread(
  from: BaseCheckpointSaver,
  to: BaseCheckpointSaver,
  threadId: string,
): Promise<number> {
  const tuples: CheckpointTuple[] = [];
  const config = { configurable: { thread_id: threadId } };
  for await (const tuple of from.list(config, { limit: ALL })) tuples.push(tuple);
  // Oldest first, as they were made: a saver that keeps the last few then removes the others.
  tuples.sort((a, b) => (a.checkpoint.id < b.checkpoint.id ? -1 : 1));
  for (const tuple of tuples) await copyCheckpoint(to, threadId, tuple);
  return tuples.length;
}

async function copyCheckpoint(
  to: BaseCheckpointSaver,
  thread_id: string,
  { config, parentConfig, checkpoint, metadata = NO_METADATA, pendingWrites = [] }: CheckpointTuple,
): Promise<void> {
  const place = { thread_id, checkpoint_ns: config.configurable?.checkpoint_ns ?? "" };
  const parent = { configurable: { ...place, checkpoint_id: parentConfig?.configurable?.checkpoint_id } };
  const own = { configurable: { ...place, checkpoint_id: checkpoint.id } };
  // Before the checkpoint, so that they go with it if it is not kept.
  for (const [rank, [taskId, writes]] of byTask(pendingWrites).entries()) {
    await to.putWrites(own, writes, taskId, pathOf(rank));
  }
  // Every channel as a new one: no value is looked for at the parent.
  const put = (stored: Checkpoint) => to.put(parent, stored, metadata, stored.channel_versions);
  await put(checkpoint).catch(async (error: unknown) => {
    if (!(error instanceof VersionConflictError)) throw error;
    await put(await ofItsBranch(to.serde, checkpoint));
  });
}

/**
 * Savers that count versions in whole numbers give two branches the same version for different values. Here
 * it gets a fraction that follows from the value; what had seen this version has seen that.
 */
async function ofItsBranch(serde: SerializerProtocol, checkpoint: Checkpoint): Promise<Checkpoint> {
  const { channel_values, channel_versions, versions_seen } = checkpoint;
  const entries = Object.entries(channel_versions).map(async ([channel, version]) => {
    const isShared = Number.isInteger(version) && Object.hasOwn(channel_values, channel);
    return [
      channel,
      isShared ? Number(version) + (await fractionOf(serde, channel_values[channel])) : version,
    ];
  });
  const versions: ChannelVersions = Object.fromEntries(await Promise.all(entries));
  const seenBy = (seen: ChannelVersions): ChannelVersions =>
    Object.fromEntries(
      Object.entries(seen).map(([channel, version]) => [
        channel,
        version === channel_versions[channel] ? (versions[channel] ?? version) : version,
      ]),
    );
  const seen = Object.entries(versions_seen).map(([node, each]) => [node, seenBy(each)]);
  return { ...checkpoint, channel_versions: versions, versions_seen: Object.fromEntries(seen) };
}

/** Above 0 and below 1; equal for equal values. */
async function fractionOf(serde: SerializerProtocol, value: unknown): Promise<number> {
  const [, bytes] = await serde.dumpsTyped(value);
  return (createHash("sha256").update(bytes).digest().readUInt32BE() + 1) / (2 ** 32 + 2);
}

function byTask(writes: CheckpointPendingWrite[]): [taskId: string, [channel: string, value: unknown][]][] {
  const groups = Map.groupBy(writes, ([taskId]) => taskId);
  return [...groups].map(([taskId, group]) => [taskId, group.map(([, channel, value]) => [channel, value])]);
}

/** Savers do not tell a task's path. It orders a step's writes: this one keeps the order they came in. */
function pathOf(rank: number): string {
  return String(rank).padStart(8, "0");
}
