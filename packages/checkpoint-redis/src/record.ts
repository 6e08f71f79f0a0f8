import type { CheckpointMetadata, SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { z } from "zod";
import { StoredDataError, UnserializableValueError } from "./errors.ts";
import { part, RECORD_FORMAT } from "./layout.ts";
import { MemberReader } from "./member-reader.ts";
import { NotSerializableError } from "./serializer/errors.ts";
import type {
  ChannelEntry,
  CheckpointName,
  CheckpointRecord,
  SerializedValue,
  StoredCheckpoint,
  StoredValue,
  StoredWrite,
  Version,
} from "./stored.ts";

const version = z.union([z.number(), z.string()]);
const structureJson = z.object({
  ts: z.string(),
  seen: z.record(z.string(), z.record(z.string(), version)),
});

export const versionText = (version: Version) => JSON.stringify(version);

/** Format 1. Counted parts first, so that the scripts can follow references; then JSON; then the metadata. */
export function encodeCheckpoint(record: CheckpointRecord): Buffer {
  const { parentId = "", v, channels, deltas, ts, versionsSeen, metadata } = record;
  const structure = Buffer.from(JSON.stringify({ ts, seen: versionsSeen }));
  const head = [
    part(parentId),
    part(String(v)),
    part(String(channels.length)),
    ...channels.map(({ channel, version, filled }) => {
      return `${part(channel)}${part(versionText(version))}${filled ? "1" : "0"}\0`;
    }),
    part(String(deltas.length)),
    ...deltas.map(part),
    part(String(structure.length)),
  ].join("");
  return Buffer.concat([Buffer.from(RECORD_FORMAT + head), structure, ...typedBytes(metadata)]);
}

export function encodeValue(value: SerializedValue): Buffer {
  return Buffer.concat([Buffer.from(RECORD_FORMAT), ...typedBytes(value)]);
}

export function encodeWrite(taskPath: string, channel: string, value: SerializedValue): Buffer {
  return Buffer.concat([Buffer.from(RECORD_FORMAT + part(taskPath) + part(channel)), ...typedBytes(value)]);
}

/** Reads only what the checkpoint is called. Throws StoredDataError, as do all the decoders. */
export function decodeCheckpointName(member: Buffer, key: string): CheckpointName {
  const reader = new MemberReader(member, key, "c");
  return { ns: reader.text(), id: reader.text() };
}

export function decodeCheckpoint(member: Buffer, key: string): StoredCheckpoint {
  const reader = new MemberReader(member, key, "c");
  const ns = reader.text();
  const id = reader.text();
  reader.format();
  const parentId = reader.text() || undefined;
  const v = reader.number();
  const channels = Array.from({ length: reader.count() }, () => readChannel(reader));
  const deltas = Array.from({ length: reader.count() }, () => reader.text());
  const { ts, seen } = reader.json(structureJson);
  const metadata = reader.typed();
  reader.end();
  return { ns, id, parentId, v, channels, deltas, ts, versionsSeen: seen, metadata };
}

export function decodeValue(member: Buffer, key: string): StoredValue {
  const reader = new MemberReader(member, key, "b");
  reader.text();
  const channel = reader.text();
  reader.text();
  const name = reader.consumed();
  reader.format();
  const value = reader.typed();
  reader.end();
  return { name, channel, value };
}

export function decodeWrite(member: Buffer, key: string): StoredWrite {
  const reader = new MemberReader(member, key, "w");
  const ns = reader.text();
  const checkpointId = reader.text();
  const taskId = reader.text();
  const index = Number.parseInt(reader.text(), 16) - 0x8000_0000;
  reader.format();
  const taskPath = reader.text();
  const channel = reader.text();
  const value = reader.typed();
  reader.end();
  return { ns, checkpointId, taskId, index, taskPath, channel, value };
}

/**
 * What LangGraph's JsonPlusSerializer, if it is the `serde`, answers, instead of an error, for a value with a
 * BigInt in it.
 */
const NOT_SERIALIZED = "[unable to serialize, circular reference is too complex to analyze]";

/** @throws UnserializableValueError */
export async function dump(
  serde: SerializerProtocol,
  value: unknown,
  name: string,
): Promise<SerializedValue> {
  const [type, data] = await serde.dumpsTyped(value).catch((error: unknown) => {
    throw error instanceof NotSerializableError ? new UnserializableValueError(name, error) : error;
  });
  const mayBeLost = data.length === NOT_SERIALIZED.length + 2 && value !== NOT_SERIALIZED;
  if (mayBeLost && Buffer.from(data).toString() === JSON.stringify(NOT_SERIALIZED)) {
    throw new UnserializableValueError(name);
  }
  return { type, data };
}

/** @throws StoredDataError when the serializer cannot read it */
export async function load(
  serde: SerializerProtocol,
  { type, data }: SerializedValue,
  key: string,
): Promise<unknown> {
  try {
    return await serde.loadsTyped(type, data);
  } catch (error) {
    throw new StoredDataError(key, "holds a value that the serializer does not read", error);
  }
}

const metadataObject = z.custom<CheckpointMetadata>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
);

export async function loadMetadata(
  serde: SerializerProtocol,
  { metadata }: CheckpointRecord,
  key: string,
): Promise<CheckpointMetadata> {
  const parsed = metadataObject.safeParse(await load(serde, metadata, key));
  if (!parsed.success) throw new StoredDataError(key, "holds metadata that is not an object");
  return parsed.data;
}

function readChannel(reader: MemberReader): ChannelEntry {
  const channel = reader.text();
  const parsed = reader.jsonText(version);
  return { channel, version: parsed, filled: reader.flag() };
}

function typedBytes({ type, data }: SerializedValue): Uint8Array[] {
  return [Buffer.from(part(type) + part(String(data.length))), data];
}
