import type { ChannelVersions } from "@langchain/langgraph-checkpoint";

/** What a serializer made of a value. */
export interface SerializedValue {
  type: string;
  data: Uint8Array;
}

export type Version = ChannelVersions[string];

export interface ChannelEntry {
  channel: string;
  version: Version;
  /** The channel had a value; without one it was empty in this version. */
  filled: boolean;
}

/** A checkpoint without the values of its channels. */
export interface CheckpointRecord {
  parentId: string | undefined;
  v: number;
  channels: ChannelEntry[];
  /** Channels whose value is rebuilt from the writes of ancestors, which must therefore stay. */
  deltas: string[];
  ts: string;
  versionsSeen: Record<string, ChannelVersions>;
  metadata: SerializedValue;
}

export interface CheckpointName {
  ns: string;
  id: string;
}

export interface StoredCheckpoint extends CheckpointRecord, CheckpointName {}

export interface StoredValue {
  /** As in layout.ts. */
  name: string;
  channel: string;
  value: SerializedValue;
}

export interface StoredWrite {
  ns: string;
  checkpointId: string;
  taskId: string;
  index: number;
  taskPath: string;
  channel: string;
  value: SerializedValue;
}
