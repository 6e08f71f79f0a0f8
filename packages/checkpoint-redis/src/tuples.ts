import {
  type ChannelVersions,
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  compareWritesSortKeys,
  maxChannelVersion,
  type SerializerProtocol,
  TASKS,
  writesSortKey,
} from "@langchain/langgraph-checkpoint";
import { valueName } from "./layout.ts";
import { load, loadMetadata, versionText } from "./record.ts";
import type { SerializedValue, StoredCheckpoint, StoredWrite } from "./stored.ts";
import type { FoundCheckpoints } from "./thread-store.ts";

export interface Source {
  serde: SerializerProtocol;
  threadId: string;
  /** The thread's key, for errors. */
  key: string;
}

/** Puts together what LangGraph sees from what was read; in the order of `found.checkpoints`. */
export function toTuples(source: Source, found: FoundCheckpoints): Promise<CheckpointTuple[]> {
  const writes = Map.groupBy(found.writes, ({ ns, checkpointId }) => place(ns, checkpointId));
  return Promise.all(
    found.checkpoints.map((stored) => {
      const ofParent =
        stored.parentId === undefined ? undefined : writes.get(place(stored.ns, stored.parentId));
      const own = writes.get(place(stored.ns, stored.id));
      return toTuple(source, stored, found.values, own ?? [], ofParent ?? []);
    }),
  );
}

/** In the order in which a superstep applies its writes. */
export function inOrder(writes: StoredWrite[]): StoredWrite[] {
  const keyed = writes.map((write) => ({
    write,
    key: writesSortKey(write.taskPath, write.taskId, write.index),
  }));
  return keyed.sort((a, b) => compareWritesSortKeys(a.key, b.key)).map(({ write }) => write);
}

export function toPendingWrites(
  { serde, key }: Source,
  writes: StoredWrite[],
): Promise<CheckpointPendingWrite[]> {
  return Promise.all(
    writes.map(async ({ taskId, channel, value }): Promise<CheckpointPendingWrite> => {
      return [taskId, channel, await load(serde, value, key)];
    }),
  );
}

export function configOf(threadId: string, ns: string, id: string) {
  return { configurable: { thread_id: threadId, checkpoint_ns: ns, checkpoint_id: id } };
}

async function toTuple(
  source: Source,
  stored: StoredCheckpoint,
  values: Map<string, SerializedValue>,
  writes: StoredWrite[],
  parentWrites: StoredWrite[],
): Promise<CheckpointTuple> {
  const { serde, threadId, key } = source;
  const { ns, id, parentId } = stored;
  const [checkpoint, metadata, pendingWrites]: [Checkpoint, CheckpointMetadata, CheckpointPendingWrite[]] =
    await Promise.all([
      toCheckpoint(source, stored, values),
      loadMetadata(serde, stored, key),
      toPendingWrites(source, inOrder(writes)),
    ]);
  if (stored.v < 4 && parentId !== undefined) await moveSends(source, checkpoint, parentWrites);
  return {
    config: configOf(threadId, ns, id),
    checkpoint,
    metadata,
    pendingWrites,
    ...(parentId === undefined ? {} : { parentConfig: configOf(threadId, ns, parentId) }),
  };
}

async function toCheckpoint(
  { serde, key }: Source,
  { ns, id, v, ts, channels, versionsSeen }: StoredCheckpoint,
  values: Map<string, SerializedValue>,
): Promise<Checkpoint> {
  const loaded = channels.map(async ({ channel, version, filled }): Promise<[string, unknown][]> => {
    const value = filled ? values.get(valueName(ns, channel, versionText(version))) : undefined;
    return value === undefined ? [] : [[channel, await load(serde, value, key)]];
  });
  return {
    v,
    id,
    ts,
    channel_values: Object.fromEntries((await Promise.all(loaded)).flat()),
    channel_versions: Object.fromEntries(channels.map(({ channel, version }) => [channel, version])),
    versions_seen: versionsSeen,
  };
}

/** Before format 4 the sends of a step were pending on the parent; LangGraph wants them as a channel. */
async function moveSends(source: Source, checkpoint: Checkpoint, parentWrites: StoredWrite[]): Promise<void> {
  const sends = inOrder(parentWrites.filter(({ channel }) => channel === TASKS));
  checkpoint.channel_values[TASKS] = (await toPendingWrites(source, sends)).map(([, , value]) => value);
  checkpoint.channel_versions[TASKS] = newest(checkpoint.channel_versions);
}

function newest(versions: ChannelVersions): ChannelVersions[string] {
  const all = Object.values(versions);
  return all.length === 0 ? 1 : maxChannelVersion(...all);
}

function place(ns: string, id: string): string {
  return `${ns}\0${id}`;
}
