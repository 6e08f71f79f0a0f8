import { DeltaSnapshot } from "@langchain/langgraph-checkpoint";
import { z } from "zod";
import { type DataObject, isDataObject } from "./marks.ts";
import { buildMessage } from "./messages.ts";

const byte = z.int().min(0).max(255);

/** `lc: 2` of JsonPlusSerializer: what it wrote for the types that JSON does not have. */
const built = z.discriminatedUnion("name", [
  z.object({ name: z.literal("Set"), args: z.tuple([z.array(z.unknown())]) }),
  z.object({ name: z.literal("Map"), args: z.tuple([z.array(z.tuple([z.unknown(), z.unknown()]))]) }),
  z.object({ name: z.literal("RegExp"), args: z.tuple([z.string(), z.string()]) }),
  z.object({ name: z.literal("Error"), args: z.tuple([z.string()]) }),
  z.object({ name: z.literal("Uint8Array"), args: z.tuple([z.array(byte)]) }),
]);
const record = z.object({ lc: z.literal(2), type: z.literal("constructor"), id: z.tuple([z.string()]) });

/** Of a message, what its kwargs look like. */
const message = z.object({
  lc: z.literal(1),
  type: z.literal("constructor"),
  id: z.tuple([z.literal("langchain_core"), z.literal("messages"), z.string()]),
  kwargs: z.custom<DataObject>(isDataObject),
});

/** LangChain's escape for data with a key `lc`, which it knew inside messages only. */
const ESCAPED = "__lc_escaped__";

/**
 * Reads what JsonPlusSerializer wrote before there was a format of our own. It did not tell its own marks
 * from data that looks the same, so neither can this: what is read as more than data is on a closed list of
 * inert types (messages, Map, Set, RegExp, Error, Uint8Array, DeltaSnapshot). Everything else, whatever class
 * it names, stays the data that it is.
 */
export function readJsonPlus(value: unknown): unknown {
  return read(value, false);
}

/** @param inMessage whether the value belongs to a message, where data with a key `lc` was escaped */
function read(value: unknown, inMessage: boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => read(each, inMessage));
  if (!isDataObject(value)) return value;
  const keys = Object.keys(value);
  if (inMessage && keys.length === 1 && keys[0] === ESCAPED) return value[ESCAPED];
  if (!Object.hasOwn(value, "lc")) return readEntries(value, inMessage);
  return value.lc === 1 ? readMessage(value, inMessage) : readBuilt(value, inMessage);
}

/** Object.fromEntries makes own properties whatever their names. */
function readEntries(value: DataObject, inMessage: boolean): DataObject {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, read(each, inMessage)]));
}

function readMessage(value: DataObject, inMessage: boolean): unknown {
  const parsed = message.safeParse(value);
  if (!parsed.success) return readEntries(value, inMessage);
  const { id, kwargs } = parsed.data;
  const { content_blocks, ...fields } = readEntries(kwargs, true);
  const present = Object.entries(fields).filter(([, each]) => each !== null && each !== undefined);
  const built = buildMessage(id[2], { content: content_blocks ?? [], ...Object.fromEntries(present) });
  return built ?? readEntries(value, inMessage);
}

function readBuilt(value: DataObject, inMessage: boolean): unknown {
  const entries = readEntries(value, inMessage);
  if (entries.lc !== 2) return entries;
  if (entries.type === "undefined") return undefined;
  if (entries.type === "delta_snapshot" && Object.hasOwn(entries, "value")) {
    return new DeltaSnapshot(entries.value);
  }
  return construct(entries) ?? entries;
}

function construct(entries: DataObject): unknown {
  const named = record.safeParse(entries);
  if (!named.success) return undefined;
  const parsed = built.safeParse({ name: named.data.id[0], args: entries.args });
  if (!parsed.success) return undefined;
  const { name, args } = parsed.data;
  switch (name) {
    case "Set":
      return new Set(args[0]);
    case "Map":
      return new Map(args[0]);
    case "RegExp":
      return patternOf(...args);
    case "Error":
      return new Error(args[0]);
    case "Uint8Array":
      return new Uint8Array(args[0]);
  }
}

function patternOf(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source, flags);
  } catch {
    return undefined;
  }
}
