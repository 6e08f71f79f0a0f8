import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { UnknownFormatError } from "./errors.ts";
import { readJsonPlus } from "./json-plus.ts";

/** What this version writes: the type that stands beside every stored value. */
export const SERIALIZER_FORMAT = "aura1";

const writer = new TextEncoder();
const reader = new TextDecoder();

/**
 * Turns channel values, pending writes and metadata into bytes and back. Only what this serializer marked
 * itself comes back as more than plain data, and only as one of a closed list of types: untrusted JSON is
 * never read as the name of a class.
 *
 * Records of before (written by LangGraph's JsonPlusSerializer, types `json` and `bytes`) are read, by a
 * closed list as well.
 */
export class CheckpointSerializer implements SerializerProtocol {
  /** @throws NotSerializableError */
  async dumpsTyped(value: unknown): Promise<[string, Uint8Array]> {
    return [SERIALIZER_FORMAT, writer.encode(JSON.stringify(encode(value)))];
  }

  /**
   * @throws UnknownFormatError for what a newer version, or something else, wrote; SyntaxError for damaged
   * text
   */
  async loadsTyped(type: string, data: Uint8Array | string): Promise<unknown> {
    if (type === SERIALIZER_FORMAT) return decode(JSON.parse(textOf(data)));
    if (type === "json") return readJsonPlus(JSON.parse(textOf(data)));
    if (type === "bytes") return typeof data === "string" ? writer.encode(data) : data;
    throw new UnknownFormatError(`values of type ${type} are not known`);
  }
}

/** For MemorySaver: it keeps no type beside a value, and asks for `json` whatever it was given. */
export class InMemorySerializer extends CheckpointSerializer {
  override loadsTyped(_type: string, data: Uint8Array | string): Promise<unknown> {
    return super.loadsTyped(SERIALIZER_FORMAT, data);
  }
}

function textOf(data: Uint8Array | string): string {
  return typeof data === "string" ? data : reader.decode(data);
}
