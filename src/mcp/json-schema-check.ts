import { canonical, isObject, type Keywords } from "./json-schema-values.ts";
import type { Patterns } from "./patterns.ts";

/** Told instead of a problem: the value is not known to be right, so it is refused. */
export class UncheckableError extends Error {}

/** Keys and items that a schema has something to say about; only needed for `unevaluated...`. */
export interface Seen {
  keys: Set<string>;
  items: Set<number>;
}

/** One check: what it may still cost, and how it looks things up. */
export interface Check {
  spend(steps: number): void;
  /** What a reference means; undefined when it leads nowhere. */
  resolve(reference: string): unknown;
  patterns: Patterns;
  /** What is wrong with a value by a schema; null when nothing is. */
  apply(schema: unknown, value: unknown, at: string, depth: number, seen: Seen): string | null;
  /** The same of another schema for the same value; what it has seen counts only if it fits. */
  inPlace(place: SchemaPlace, schema: unknown): string | null;
}

/** A value, and the schema that is applied to it. */
export type SchemaPlace = { schema: Keywords; value: unknown; at: string; depth: number; seen: Seen };

export function newSeen(): Seen {
  return { keys: new Set(), items: new Set() };
}

/** Equal for equal values; costs what its text is long. */
export function canonicalWithin(check: Check, value: unknown): string {
  const text = canonical(value);
  check.spend(text.length / 20);
  return text;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function entries(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}
