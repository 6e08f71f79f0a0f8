import {
  type Check,
  canonicalWithin,
  list,
  newSeen,
  type SchemaPlace,
  type Seen,
  UncheckableError,
} from "./json-schema-check.ts";
import { arrayProblem, objectProblem } from "./json-schema-containers.ts";
import { namedSchemas, resolve } from "./json-schema-references.ts";
import { isObject, type Keywords, numberProblem, textProblem } from "./json-schema-values.ts";
import type { Patterns } from "./patterns.ts";
import { typeProblem } from "./schema-types.ts";

/** What one check of a value may cost: schemas applied, keys and items looked at. Some milliseconds. */
const MAX_STEPS = 200_000;

/** Schemas applied within each other; more is one that refers to itself without an end. */
const MAX_DEPTH = 100;

const TOO_MUCH = "cannot be checked against the server's schema: that would take too long";

/**
 * Checks values against an untrusted JSON Schema (2020-12, and what is left of older drafts) by
 * interpretation, within a budget: a few lines of `allOf` in each other, or a schema of itself, can ask for
 * more work than there is time. Returns what is wrong with a value, or null.
 *
 * @param unresolved told of each reference that leads nowhere; nothing is checked against it
 */
export function schemaChecker(
  root: Keywords,
  patterns: Patterns,
  unresolved: (reference: string) => void = () => {},
): (value: unknown) => string | null {
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
        if (found === undefined) unresolved(reference);
        return found;
      },
      patterns,
      apply: (...place) => apply(check, ...place),
      inPlace: (place, schema) => inPlace(check, place, schema),
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
  const place: SchemaPlace = { schema, value, at, depth: depth + 1, seen };
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
function ownProblem(check: Check, { schema, value }: SchemaPlace): string | null {
  const type = typeProblem(schema, value);
  if (type !== null) return type;
  const { const: only, enum: among, pattern } = schema;
  // OpenAPI's way to allow it, whatever else is asked for.
  if (value === null && schema.nullable === true) return null;
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

function referenceProblem(check: Check, place: SchemaPlace): string | null {
  const { $ref, $dynamicRef, $recursiveRef } = place.schema;
  for (const reference of [$ref, $dynamicRef, $recursiveRef]) {
    if (typeof reference !== "string") continue;
    const meant = check.resolve(reference);
    const problem = meant === undefined ? null : inPlace(check, place, meant);
    if (problem !== null) return problem;
  }
  return null;
}

/** Another schema for the same value; what it has seen counts only if it fits. */
function inPlace(check: Check, { value, at, depth, seen }: SchemaPlace, schema: unknown): string | null {
  const own = newSeen();
  const problem = apply(check, schema, value, at, depth, own);
  if (problem !== null) return problem;
  check.spend((own.keys.size + own.items.size) / 10);
  for (const key of own.keys) seen.keys.add(key);
  for (const item of own.items) seen.items.add(item);
  return null;
}

function combinedProblem(check: Check, place: SchemaPlace): string | null {
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

function conditionProblem(check: Check, place: SchemaPlace): string | null {
  const { if: condition, then, else: otherwise } = place.schema;
  if (condition === undefined) return null;
  const branch = inPlace(check, place, condition) === null ? then : otherwise;
  return branch === undefined ? null : inPlace(check, place, branch);
}
