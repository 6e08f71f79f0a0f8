import { z } from "zod";

/** How often a call's arguments are checked at most: each time without the nulls that were found before. */
const MAX_CHECKS = 50;

/** The place of an issue from a schema that is not zod's own: a JSON Pointer without escapes. */
const elsewhere = z.object({ params: z.object({ at: z.string() }) });

type Json = Record<string, unknown>;

/**
 * Checks a model's arguments. Many models write null for what they do not want to give: where the schema does
 * not allow null and the argument is optional, it is left out, at any depth of an object and nowhere else.
 * The result is what is approved and used.
 */
export function checkArguments<Schema extends z.ZodObject>(
  schema: Schema,
  args: Json,
): z.ZodSafeParseResult<z.output<Schema>> {
  let given = args;
  let parsed = schema.safeParse(given);
  for (let checks = 1; !parsed.success && checks < MAX_CHECKS; checks += 1) {
    const nulls = parsed.error.issues.map(placeOf).filter((place) => isNullKey(given, place));
    if (nulls.length === 0) break;
    given = nulls.reduce(without, given);
    parsed = schema.safeParse(given);
  }
  return parsed;
}

function placeOf(issue: z.core.$ZodIssue): PropertyKey[] {
  if (issue.path.length > 0) return issue.path;
  const { data } = elsewhere.safeParse(issue);
  return data === undefined ? [] : data.params.at.split("/").slice(1);
}

/**
 * Whether there is a null at this place as the value of an object's key. Entries of lists do not count: a
 * list without one of them is another list.
 */
function isNullKey(value: unknown, [key, ...rest]: readonly PropertyKey[]): boolean {
  if (key === undefined || typeof value !== "object" || value === null) return false;
  const found: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
  return rest.length > 0 ? isNullKey(found, rest) : found === null && !Array.isArray(value);
}

/**
 * A copy without the key at this place; fromEntries defines its keys, `__proto__` too, instead of assigning
 * them.
 */
function without(value: Json, [key, ...rest]: readonly PropertyKey[]): Json {
  const entries = Object.entries(value).flatMap(([name, each]): [string, unknown][] => {
    if (name !== String(key)) return [[name, each]];
    return rest.length === 0 ? [] : [[name, withoutWithin(each, rest)]];
  });
  return Object.fromEntries(entries);
}

function withoutWithin(value: unknown, place: readonly PropertyKey[]): unknown {
  if (Array.isArray(value)) {
    const [index, ...rest] = place;
    return value.map((each, at) => (at === Number(index) ? withoutWithin(each, rest) : each));
  }
  return isJson(value) ? without(value, place) : value;
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null;
}
