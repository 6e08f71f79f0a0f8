import { cut } from "../../tools/cut.ts";
import { isCount, type Keywords } from "./json-schema-values.ts";
import type { SchemaType } from "./schema-types.ts";

/** Longest value in a note, in characters. */
const MAX_VALUE = 100;

/** Most values of an enumeration in a note. */
const MAX_VALUES = 20;

/**
 * What a model reads of a place in a schema: its own words, and what the form that providers take has no
 * keyword for.
 */
export function describe(schema: Keywords, notes: readonly string[], most: number): string | undefined {
  const { description, title } = schema;
  const own = [description, title].find((each) => typeof each === "string" && each.trim() !== "");
  const all = notes.length === 0 ? "" : `(${notes.join("; ")})`;
  const text = [own, all].filter((each) => typeof each === "string" && each !== "").join(" ");
  if (text === "" || most === 0) return undefined;
  return text.length > most ? `${cut(text, most)}…` : cut(text, most);
}

/** Keywords that say something of any type, in words. */
export function commonNotes({ default: ready, examples, not }: Keywords): string[] {
  return [
    ...(ready === undefined || ready === null ? [] : [`default: ${shown(ready)}`]),
    ...(Array.isArray(examples) && examples.length > 0 ? [`e.g. ${shown(examples[0])}`] : []),
    ...(not === undefined ? [] : [`not: ${shown(not)}`]),
  ];
}

/** Values of an enumeration that cannot stand in the form. */
export function valueNote(values: readonly unknown[]): string[] {
  if (values.length === 0) return [];
  if (values.length === 1) return [`always ${shown(values[0])}`];
  const more = values.length > MAX_VALUES ? ", …" : "";
  return [`one of ${values.slice(0, MAX_VALUES).map(shown).join(", ")}${more}`];
}

/** Bounds of numbers that some providers do not know. */
export function numberNotes(schema: Keywords, type: SchemaType): string[] {
  const { exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const isDone = type === "integer";
  return [
    ...(isCount(exclusiveMinimum) && !isDone ? [`above ${exclusiveMinimum}`] : []),
    ...(isCount(exclusiveMaximum) && !isDone ? [`below ${exclusiveMaximum}`] : []),
    ...(isCount(multipleOf) ? [`a multiple of ${multipleOf}`] : []),
  ];
}

/** A value as JSON, not much of it: of what is large in itself, that there is something. */
function shown(value: unknown): string {
  const short = typeof value === "string" ? cut(value, MAX_VALUE) : value;
  const isLarge = typeof value === "object" && value !== null && Object.keys(value).length > MAX_VALUES;
  const json = isLarge ? "…" : (JSON.stringify(short) ?? "");
  return json.length > MAX_VALUE ? `${cut(json, MAX_VALUE)}…` : json;
}

/** A pattern that no keyword can hold, in words; a long one says nothing to a model. */
export function patternNote(pattern: unknown): string[] {
  return typeof pattern === "string" && pattern.length <= MAX_VALUE ? [`pattern: ${pattern}`] : [];
}

/**
 * What may stand behind a backslash: classes that every engine knows, and characters that mean something
 * without it.
 */
const ESCAPES = /^[dDwWsS.\\/*+?()[\]{}|^$-]$/;

const MAX_PATTERN = 200;

/**
 * Whether providers' engines read a pattern: printable ASCII, anchored, no group but plain ones, no escape
 * that only some know, nothing lazy. (llama.cpp makes a grammar of it; OpenAI and Anthropic refuse `\p{L}`,
 * look-arounds and escapes without a meaning.)
 */
export function isPlainPattern(pattern: string): boolean {
  if (pattern.length > MAX_PATTERN || !/^\^[\x20-\x7e]*\$$/.test(pattern)) return false;
  if (/\(\?(?!:)|[*+?}][?+]/.test(pattern)) return false;
  if ([...pattern.matchAll(/\\(.?)/g)].some(([, escaped = ""]) => !ESCAPES.test(escaped))) return false;
  try {
    new RegExp(pattern, "u");
    return true;
  } catch {
    return false;
  }
}
