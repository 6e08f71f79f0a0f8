import { DeltaSnapshot } from "@langchain/langgraph-checkpoint";
import { z } from "zod";
import { UnknownFormatError } from "./errors.ts";
import { type DataObject, isDataObject, isDollars, KINDS, MARK, setOwn, unescapeKey } from "./marks.ts";
import { buildMessage } from "./messages.ts";

const list = z.array(z.unknown());
const text = z.string();
const twoTexts = z.tuple([z.string(), z.string()]);
const time = z.number().nullable();

/**
 * Undoes encode(), in place: what was parsed belongs to nobody else.
 *
 * @throws UnknownFormatError for marks that this version does not know
 */
export function decode(value: unknown): unknown {
  if (Array.isArray(value)) {
    for (const [at, each] of value.entries()) value[at] = decode(each);
    return value;
  }
  if (!isDataObject(value)) return value;
  return Object.hasOwn(value, MARK) ? revive(value) : decodeEntries(value);
}

function decodeEntries(value: DataObject): DataObject {
  const keys = Object.keys(value);
  // A new object only where keys change: it keeps their order.
  const target: DataObject = keys.some(isDollars) ? {} : value;
  for (const key of keys) {
    const each = value[key];
    if (target !== value || typeof each === "object") setOwn(target, unescapeKey(key), decode(each));
  }
  return target;
}

function revive(marked: DataObject): unknown {
  const { [MARK]: kind, value } = marked;
  switch (kind) {
    case KINDS.nothing:
      return undefined;
    case KINDS.message:
      return reviveMessage(marked);
    case KINDS.map:
      return new Map(pairs(list.parse(decode(value))));
    case KINDS.set:
      return new Set(list.parse(decode(value)));
    case KINDS.bytes:
      return Uint8Array.from(Buffer.from(text.parse(value), "base64"));
    case KINDS.date:
      return new Date(time.parse(value) ?? Number.NaN);
    case KINDS.pattern:
      return new RegExp(...twoTexts.parse(value));
    case KINDS.error:
      return reviveError(...twoTexts.parse(value));
    case KINDS.delta:
      return new DeltaSnapshot(decode(value));
    default:
      throw new UnknownFormatError("a stored value is of a kind that is not known");
  }
}

function reviveMessage({ kind, fields }: DataObject): unknown {
  const message =
    typeof kind === "string" && isDataObject(fields) ? buildMessage(kind, decodeEntries(fields)) : undefined;
  if (message === undefined) throw new UnknownFormatError("a stored message is of a kind that is not known");
  return message;
}

function reviveError(name: string, message: string): Error {
  const error = new Error(message);
  if (name === error.name) return error;
  return Object.defineProperty(error, "name", { value: name, writable: true, configurable: true });
}

function pairs(flat: readonly unknown[]): [unknown, unknown][] {
  return Array.from({ length: Math.floor(flat.length / 2) }, (_, n) => [flat[2 * n], flat[2 * n + 1]]);
}
