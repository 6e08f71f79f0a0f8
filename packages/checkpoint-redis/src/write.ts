import type {
  ChannelVersions,
  Checkpoint,
  CheckpointMetadata,
  SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import { checkText } from "./ids.ts";
import { checkpointName, valueName } from "./layout.ts";
import { dump, encodeCheckpoint, encodeValue, versionText } from "./record.ts";
import type { NamedRecord } from "./thread-store.ts";

/** The checkpoint without its values. */
export async function toRecord(
  serde: SerializerProtocol,
  ns: string,
  parentId: string | undefined,
  checkpoint: Checkpoint,
  metadata: CheckpointMetadata,
): Promise<NamedRecord> {
  const { id, v, ts, channel_versions, channel_values, versions_seen } = checkpoint;
  const channels = Object.entries(channel_versions).map(([channel, version]) => ({
    channel: checkText("channel", channel),
    version,
    filled: hasValue(channel_values, channel),
  }));
  const record = encodeCheckpoint({
    parentId,
    v,
    channels,
    deltas: Object.keys(metadata.counters_since_delta_snapshot ?? {}),
    ts,
    versionsSeen: versions_seen,
    metadata: await dump(serde, metadata, "metadata"),
  });
  return { name: checkpointName(ns, id), record };
}

/**
 * The values that these versions stand for. A version without a value is an empty channel: nothing to store.
 */
export function newValues(
  serde: SerializerProtocol,
  ns: string,
  { channel_values }: Checkpoint,
  versions: ChannelVersions,
): Promise<NamedRecord[]> {
  const filled = Object.entries(versions).filter(([channel]) => hasValue(channel_values, channel));
  return Promise.all(
    filled.map(async ([channel, version]) => ({
      name: valueName(ns, channel, versionText(version)),
      record: encodeValue(await dump(serde, channel_values[channel], `channel ${channel}`)),
    })),
  );
}

/** Whether it refers to values that were stored with its ancestors. */
export function carriesOver(
  { channel_values, channel_versions }: Checkpoint,
  versions: ChannelVersions,
): boolean {
  return Object.keys(channel_versions).some(
    (channel) => !Object.hasOwn(versions, channel) && hasValue(channel_values, channel),
  );
}

function hasValue(values: Record<string, unknown>, channel: string): boolean {
  return Object.hasOwn(values, channel) && values[channel] !== undefined;
}
