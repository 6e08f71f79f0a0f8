import { wellFormed } from "../../tools/cut.ts";
import { exactJson } from "../../tools/exact-json.ts";
import { objectScanner } from "./json-scan.ts";
import { isRecord, type JsonObject } from "./kept-fields.ts";

/** At most so many complete objects in a row in one call's arguments. */
const MAX_OBJECTS = 10;

/**
 * A call's arguments as servers write them, as an object; undefined when they are none. Tools without
 * parameters are called with an empty text or with null. Some servers begin with a stray `{}`, send
 * everything again at the end, or encode the JSON text as JSON once more. A number that JavaScript cannot
 * hold becomes its text, half a character U+FFFD.
 */
export function readCallArguments(text: string): JsonObject | undefined {
  const value = parsed(text);
  if (isRecord(value)) return value;
  if (value === null || text.trim() === "") return {};
  if (typeof value === "string") return objectIn(parsed(value));
  return lastOf(text);
}

/** Undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return wellFormed(exactJson(text));
  } catch {
    return undefined;
  }
}

function objectIn(value: unknown): JsonObject | undefined {
  return isRecord(value) ? value : undefined;
}

/** The last of several objects in a row, when all before it are empty or the same. */
function lastOf(text: string): JsonObject | undefined {
  const texts = split(text);
  const last = objectIn(parsed(texts.at(-1) ?? ""));
  if (last === undefined) return undefined;
  const same = JSON.stringify(last);
  const others = texts.slice(0, -1).map((each) => JSON.stringify(parsed(each)));
  return others.every((each) => each === "{}" || each === same) ? last : undefined;
}

function split(text: string): string[] {
  const texts: string[] = [];
  let rest = text.replace(/^\s*null\s*(?=\{)/, "").trim();
  while (rest !== "" && texts.length < MAX_OBJECTS) {
    const end = endOfObject(rest);
    if (end < 0) return [];
    texts.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return rest === "" ? texts : [];
}

/** The place behind the object that a text begins with; -1 when it does not begin with a complete one. */
function endOfObject(text: string): number {
  const scan = objectScanner();
  for (let at = 0; at < text.length; at += 1) {
    scan.add(text.charAt(at));
    if (scan.isClosed()) return at + 1;
    if (at === 0 && text.charAt(0) !== "{") return -1;
  }
  return -1;
}
