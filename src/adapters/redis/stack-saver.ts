import { decode } from "@aura-platform/checkpoint-redis/serializer/decode.ts";
import { encode } from "@aura-platform/checkpoint-redis/serializer/encode.ts";
import { readJsonPlus } from "@aura-platform/checkpoint-redis/serializer/json-plus.ts";
import { type DataObject, isDataObject } from "@aura-platform/checkpoint-redis/serializer/marks.ts";
import {
  CheckpointSerializer,
  SERIALIZER_FORMAT,
} from "@aura-platform/checkpoint-redis/serializer/serializer.ts";
import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import type { RedisSaver } from "@langchain/langgraph-checkpoint-redis";

/**
 * The official saver writes values into Redis as they are, past every serializer, and reads them with one. So
 * values are encoded before it gets them, each in an envelope that names the format, and read by our rules;
 * without an envelope an older version wrote them, and they are read by the closed list. Metadata stay as
 * they are: the saver searches in them, and all that is untrusted in them is text.
 */
export function guarded(saver: RedisSaver): RedisSaver {
  const put = saver.put.bind(saver);
  const putWrites = saver.putWrites.bind(saver);
  saver.serde = new StackSerializer();
  saver.put = (config, checkpoint, metadata, versions) => {
    const values = Object.entries(checkpoint.channel_values).map(([name, value]) => [name, wrap(value)]);
    return put(config, { ...checkpoint, channel_values: Object.fromEntries(values) }, metadata, versions);
  };
  saver.putWrites = (config, writes, taskId) => {
    const wrapped = writes.map(([channel, value]): [string, unknown] => [channel, wrap(value)]);
    return putWrites(config, wrapped, taskId);
  };
  return saver;
}

/** Reads what the saver hands over: a value, or a checkpoint with the values that are new in it. */
class StackSerializer extends CheckpointSerializer implements SerializerProtocol {
  override async loadsTyped(_type: string, data: Uint8Array | string): Promise<unknown> {
    const parsed: unknown = JSON.parse(typeof data === "string" ? data : Buffer.from(data).toString());
    if (isEnvelope(parsed) || !isCheckpoint(parsed)) return unwrap(parsed);
    const values = Object.entries(parsed.channel_values).map(([name, value]) => [name, unwrap(value)]);
    return { ...parsed, channel_values: Object.fromEntries(values) };
  }
}

const ENVELOPE = `$${SERIALIZER_FORMAT}`;

function wrap(value: unknown): DataObject {
  return { [ENVELOPE]: encode(value) };
}

function unwrap(value: unknown): unknown {
  return isEnvelope(value) ? decode(value[ENVELOPE]) : readJsonPlus(value);
}

function isEnvelope(value: unknown): value is DataObject {
  return isDataObject(value) && Object.hasOwn(value, ENVELOPE) && Object.keys(value).length === 1;
}

function isCheckpoint(value: unknown): value is DataObject & { channel_values: DataObject } {
  if (!isDataObject(value) || !isDataObject(value.channel_values)) return false;
  return (
    typeof value.v === "number" && isDataObject(value.channel_versions) && isDataObject(value.versions_seen)
  );
}
