import { BaseMessage } from "@langchain/core/messages";
import { DeltaSnapshot } from "@langchain/langgraph-checkpoint";
import { NotSerializableError } from "./errors.ts";
import { type DataObject, escapeKey, KINDS, MARK, setOwn } from "./marks.ts";
import { messageFields, messageKind } from "./messages.ts";

/**
 * Far above any state of ours. What is deeper, or refers to itself, would exhaust the stack of whoever reads
 * it.
 */
const MAX_DEPTH = 1_000;

/**
 * The value as JSON. What stands for more than plain data is an object with the key `$`; data with such a key
 * is escaped.
 *
 * @throws NotSerializableError
 */
export function encode(value: unknown): unknown {
  const encoded = encodeAt(value, 0);
  return encoded === undefined ? mark(KINDS.nothing) : encoded;
}

function encodeAt(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case "object":
      return value === null ? null : encodeObject(value, depth);
    case "undefined":
      return mark(KINDS.nothing);
    case "bigint":
      throw new NotSerializableError("a BigInt cannot be stored");
    // As in JSON: left out of objects, null in arrays.
    case "function":
    case "symbol":
      return undefined;
    default:
      return value;
  }
}

function encodeObject(value: object, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new NotSerializableError("the value nests too deep, or refers to itself");
  if (Array.isArray(value)) return encodeList(value, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return encodeEntries(value, depth);
  return encodeInstance(value, depth);
}

/**
 * What code has built. Untrusted JSON never gets here, whatever its keys say: it has no prototype of its own.
 */
function encodeInstance(value: object, depth: number): unknown {
  if (BaseMessage.isInstance(value)) {
    return {
      ...mark(KINDS.message),
      kind: messageKind(value),
      fields: encodeEntries(messageFields(value), depth + 1),
    };
  }
  if (value instanceof Map) return mark(KINDS.map, encodeList([...value].flat(1), depth));
  if (value instanceof Set) return mark(KINDS.set, encodeList([...value], depth));
  if (value instanceof Uint8Array) return mark(KINDS.bytes, Buffer.from(value).toString("base64"));
  if (value instanceof Date) return mark(KINDS.date, value.getTime());
  if (value instanceof RegExp) return mark(KINDS.pattern, [value.source, value.flags]);
  if (value instanceof Error) return mark(KINDS.error, [value.name, value.message]);
  if (value instanceof DeltaSnapshot) return mark(KINDS.delta, encodeAt(value.value, depth + 1));
  return encodeOther(value, depth);
}

/**
 * Anything else comes back as data. A Send as what LangGraph reads in its place: the node and its arguments.
 */
function encodeOther(value: object, depth: number): unknown {
  if ("lg_name" in value && value.lg_name === "Send") {
    return encodeEntries(Object.fromEntries(Object.entries(value).filter(isPartOfSend)), depth);
  }
  if (!("toJSON" in value) || typeof value.toJSON !== "function") return encodeEntries(value, depth);
  return encodeAt(value.toJSON(), depth + 1);
}

function isPartOfSend([key, value]: [string, unknown]): boolean {
  return ["node", "args", "timeout"].includes(key) && value !== undefined;
}

function encodeList(values: readonly unknown[], depth: number): unknown[] {
  return Array.from(values, (each) => encodeAt(each, depth + 1));
}

function encodeEntries(value: object, depth: number): DataObject {
  const encoded: DataObject = {};
  for (const [key, each] of Object.entries(value)) {
    setOwn(encoded, escapeKey(key), encodeAt(each, depth + 1));
  }
  return encoded;
}

function mark(kind: string, value?: unknown): DataObject {
  return value === undefined ? { [MARK]: kind } : { [MARK]: kind, value };
}
