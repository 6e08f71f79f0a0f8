import { namedSchemas, resolve } from "./json-schema-references.ts";
import {
  canonical,
  isCount,
  isObject,
  type Keywords,
  numberProblem,
  textProblem,
  typeProblem,
} from "./json-schema-values.ts";
import type { Patterns } from "./patterns.ts";

/** What one check of a value may cost: schemas applied, keys and items looked at. Some milliseconds. */
const MAX_STEPS = 200_000;

/** Schemas applied within each other; more is one that refers to itself without an end. */
const MAX_DEPTH = 100;

const TOO_MUCH = "cannot be checked against the server's schema: that would take too long";

const UNUSABLE = "the server's schema for this tool cannot be used";

/** Told instead of a problem: the value is not known to be right, so it is refused. */
class UncheckableError extends Error {}

/** Keys and items that a schema has something to say about; only needed for `unevaluated...`. */
interface Seen {
  keys: Set<string>;
  items: Set<number>;
}

/** One check: what it may still cost, and how it looks things up. */
interface Check {
  spend(steps: number): void;
  resolve(reference: string): unknown;
  patterns: Patterns;
}

type Place = { schema: Keywords; value: unknown; at: string; depth: number; seen: Seen };

/**
 * Checks values against a stranger's JSON Schema (2020-12, and what is left of older drafts) by interpretation, within a budget:
 * a few lines of `allOf` in each other, or a schema of itself, can ask for more work than there is time. Returns what is
 * wrong with a value, or null.
 */
export function schemaChecker(root: Keywords, patterns: Patterns): (value: unknown) => string | null {
  const named = namedSchemas(root);
  return (value) => {
    let left = MAX_STEPS;
    const check: Check = {
      spend(steps) {
        left -= steps;
        if (left < 0) throw new UncheckableError(TOO_MUCH);
      },
      resolve(reference) {
        const found = resolve(reference, root, named);
        if (found === undefined) throw new UncheckableError(UNUSABLE);
        return found;
      },
      patterns,
    };
    try {
      return apply(check, root, value, "", 0, newSeen());
    } catch (error) {
      // A RangeError: the value itself is nested too deeply.
      if (error instanceof UncheckableError) return error.message;
      if (error instanceof RangeError) return TOO_MUCH;
      throw error;
    }
  };
}

function newSeen(): Seen {
  return { keys: new Set(), items: new Set() };
}

function apply(
  check: Check,
  schema: unknown,
  value: unknown,
  at: string,
  depth: number,
  seen: Seen,
): string | null {
  check.spend(1);
  if (depth > MAX_DEPTH) throw new UncheckableError(TOO_MUCH);
  if (schema === false) return `${at || "the arguments"}: not allowed`;
  if (!isObject(schema)) return null;
  const place: Place = { schema, value, at, depth: depth + 1, seen };
  const here = ownProblem(check, place);
  if (here !== null) return `${at || "the arguments"}: ${here}`;
  return (
    referenceProblem(check, place) ??
    combinedProblem(check, place) ??
    conditionProblem(check, place) ??
    (isObject(value) ? objectProblem(check, place, value) : null) ??
    (Array.isArray(value) ? arrayProblem(check, place, value) : null)
  );
}

/** What the value itself breaks. */
function ownProblem(check: Check, { schema, value }: Place): string | null {
  const type = typeProblem(schema, value);
  if (type !== null) return type;
  const { const: only, enum: among, pattern } = schema;
  if (only !== undefined && !isSame(check, only, value)) return `must be ${JSON.stringify(only)}`;
  if (Array.isArray(among) && !among.some((each) => isSame(check, each, value)))
    return "must be one of those named";
  if (typeof value === "number") return numberProblem(schema, value);
  if (typeof value !== "string") return null;
  check.spend(value.length / 100);
  if (typeof pattern === "string" && check.patterns(pattern, value, check.spend) === false)
    return `must match ${pattern}`;
  return textProblem(schema, value);
}

function isSame(check: Check, a: unknown, b: unknown): boolean {
  check.spend(1);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  return canonicalWithin(check, a) === canonicalWithin(check, b);
}

function canonicalWithin(check: Check, value: unknown): string {
  const text = canonical(value);
  check.spend(text.length / 20);
  return text;
}

function referenceProblem(check: Check, place: Place): string | null {
  const { $ref, $dynamicRef, $recursiveRef } = place.schema;
  for (const reference of [$ref, $dynamicRef, $recursiveRef]) {
    if (typeof reference !== "string") continue;
    const problem = inPlace(check, place, check.resolve(reference));
    if (problem !== null) return problem;
  }
  return null;
}

/** Another schema for the same value; what it has seen counts only if it fits. */
function inPlace(check: Check, { value, at, depth, seen }: Place, schema: unknown): string | null {
  const own = newSeen();
  const problem = apply(check, schema, value, at, depth, own);
  if (problem !== null) return problem;
  check.spend((own.keys.size + own.items.size) / 10);
  for (const key of own.keys) seen.keys.add(key);
  for (const item of own.items) seen.items.add(item);
  return null;
}

function combinedProblem(check: Check, place: Place): string | null {
  const { allOf, anyOf, oneOf, not } = place.schema;
  const at = place.at || "the arguments";
  for (const each of list(allOf)) {
    const problem = inPlace(check, place, each);
    if (problem !== null) return problem;
  }
  if (Array.isArray(anyOf)) {
    const problems = anyOf.map((each) => inPlace(check, place, each));
    if (!problems.includes(null)) return `${at}: must fit one of several schemas (${problems[0] ?? "none"})`;
  }
  if (Array.isArray(oneOf)) {
    const fitting = oneOf.filter((each) => inPlace(check, place, each) === null).length;
    if (fitting !== 1) return `${at}: must fit exactly one of several schemas, and fits ${fitting}`;
  }
  if (not !== undefined && apply(check, not, place.value, place.at, place.depth, newSeen()) === null) {
    return `${at}: must not fit the schema under "not"`;
  }
  return null;
}

function conditionProblem(check: Check, place: Place): string | null {
  const { if: condition, then, else: otherwise } = place.schema;
  if (condition === undefined) return null;
  const branch = inPlace(check, place, condition) === null ? then : otherwise;
  return branch === undefined ? null : inPlace(check, place, branch);
}

function objectProblem(check: Check, place: Place, value: Keywords): string | null {
  const keys = Object.keys(value);
  check.spend(keys.length / 10);
  const { required, minProperties, maxProperties, propertyNames } = place.schema;
  const at = place.at || "the arguments";
  for (const key of list(required)) {
    check.spend(0.2);
    if (typeof key === "string" && !Object.hasOwn(value, key)) return `${at}: "${key}" is missing`;
  }
  if (isCount(minProperties) && keys.length < minProperties) return `${at}: needs ${minProperties} keys`;
  if (isCount(maxProperties) && keys.length > maxProperties)
    return `${at}: has more than ${maxProperties} keys`;
  if (propertyNames !== undefined) {
    for (const key of keys) {
      const problem = apply(check, propertyNames, key, `${place.at}/${key}`, place.depth, newSeen());
      if (problem !== null) return problem;
    }
  }
  return dependencyProblem(check, place, value) ?? propertiesProblem(check, place, value, keys);
}

function dependencyProblem(check: Check, place: Place, value: Keywords): string | null {
  const { dependentRequired, dependentSchemas, dependencies } = place.schema;
  for (const group of [dependentRequired, dependentSchemas, dependencies]) {
    for (const [key, wanted] of entries(group)) {
      check.spend(1);
      if (!Object.hasOwn(value, key)) continue;
      const schema = Array.isArray(wanted) ? { required: wanted } : wanted;
      const problem = inPlace(check, place, schema);
      if (problem !== null) return problem;
    }
  }
  return null;
}

function propertiesProblem(check: Check, place: Place, value: Keywords, keys: string[]): string | null {
  const { properties, patternProperties, additionalProperties, unevaluatedProperties } = place.schema;
  const taken = new Set<string>();
  const member = (key: string, schema: unknown) => {
    taken.add(key);
    place.seen.keys.add(key);
    return apply(check, schema, value[key], `${place.at}/${key}`, place.depth, newSeen());
  };
  for (const [key, schema] of entries(properties)) {
    check.spend(0.2);
    const problem = Object.hasOwn(value, key) ? member(key, schema) : null;
    if (problem !== null) return problem;
  }
  for (const [pattern, schema] of entries(patternProperties)) {
    for (const key of keys) {
      const problem = check.patterns(pattern, key, check.spend) === true ? member(key, schema) : null;
      if (problem !== null) return problem;
    }
  }
  // Keys that a pattern which nobody can read may be about are not additional for sure.
  const unread = entries(patternProperties).some(
    ([pattern]) => check.patterns(pattern, "", check.spend) === null,
  );
  const rest = unread ? undefined : (additionalProperties ?? unevaluatedProperties);
  const known = additionalProperties === undefined ? place.seen.keys : taken;
  for (const key of rest === undefined ? [] : keys) {
    const problem = known.has(key) ? null : member(key, rest);
    if (problem !== null) return problem;
  }
  return null;
}

function arrayProblem(check: Check, place: Place, value: readonly unknown[]): string | null {
  const { minItems, maxItems, uniqueItems, prefixItems, items, additionalItems, unevaluatedItems } =
    place.schema;
  const at = place.at || "the arguments";
  if (isCount(minItems) && value.length < minItems) return `${at}: needs ${minItems} items`;
  if (isCount(maxItems) && value.length > maxItems) return `${at}: has more than ${maxItems} items`;
  if (uniqueItems === true) {
    const texts = new Set(value.map((each) => canonicalWithin(check, each)));
    if (texts.size < value.length) return `${at}: has the same item twice`;
  }
  const first = Array.isArray(items) ? items : list(prefixItems);
  const rest = Array.isArray(items) ? additionalItems : items;
  for (const [index, each] of value.entries()) {
    const own = index < first.length ? first[index] : rest;
    const left = own === undefined && !place.seen.items.has(index) ? unevaluatedItems : own;
    if (left === undefined) continue;
    place.seen.items.add(index);
    const problem = apply(check, left, each, `${place.at}/${index}`, place.depth, newSeen());
    if (problem !== null) return problem;
  }
  return containsProblem(check, place, value);
}

function containsProblem(check: Check, place: Place, value: readonly unknown[]): string | null {
  const { contains, minContains, maxContains } = place.schema;
  if (contains === undefined) return null;
  const fitting = value.filter(
    (each, index) => apply(check, contains, each, `${place.at}/${index}`, place.depth, newSeen()) === null,
  ).length;
  const at = place.at || "the arguments";
  if (fitting < (isCount(minContains) ? minContains : 1))
    return `${at}: has too few of the items that it must have`;
  if (isCount(maxContains) && fitting > maxContains) return `${at}: has too many of some items`;
  return null;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function entries(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}
