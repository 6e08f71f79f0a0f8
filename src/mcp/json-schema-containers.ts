import {
  type Check,
  canonicalWithin,
  entries,
  list,
  newSeen,
  type SchemaPlace,
} from "./json-schema-check.ts";
import { isCount, isObject, type Keywords } from "./json-schema-values.ts";

/** What the keys and values of an object break. */
export function objectProblem(check: Check, place: SchemaPlace, value: Keywords): string | null {
  const keys = Object.keys(value);
  check.spend(keys.length / 10);
  const { required, minProperties, maxProperties, propertyNames } = place.schema;
  const at = place.at || "the arguments";
  const wanted = [...list(required), ...requiredByThemselves(place.schema)];
  for (const key of wanted) {
    check.spend(0.2);
    if (typeof key === "string" && !Object.hasOwn(value, key)) return `${at}: "${key}" is missing`;
  }
  if (isCount(minProperties) && keys.length < minProperties) return `${at}: needs ${minProperties} keys`;
  if (isCount(maxProperties) && keys.length > maxProperties)
    return `${at}: has more than ${maxProperties} keys`;
  if (propertyNames !== undefined) {
    for (const key of keys) {
      const problem = check.apply(propertyNames, key, `${place.at}/${key}`, place.depth, newSeen());
      if (problem !== null) return problem;
    }
  }
  return dependencyProblem(check, place, value) ?? propertiesProblem(check, place, value, keys);
}

/** Draft 3's way, and still many a server's: `required: true` in the property itself. */
function requiredByThemselves({ properties }: Keywords): string[] {
  return entries(properties).flatMap(([key, schema]) =>
    isObject(schema) && schema.required === true ? [key] : [],
  );
}

function dependencyProblem(check: Check, place: SchemaPlace, value: Keywords): string | null {
  const { dependentRequired, dependentSchemas, dependencies } = place.schema;
  for (const group of [dependentRequired, dependentSchemas, dependencies]) {
    for (const [key, wanted] of entries(group)) {
      check.spend(1);
      if (!Object.hasOwn(value, key)) continue;
      const schema = Array.isArray(wanted) ? { required: wanted } : wanted;
      const problem = check.inPlace(place, schema);
      if (problem !== null) return problem;
    }
  }
  return null;
}

function propertiesProblem(check: Check, place: SchemaPlace, value: Keywords, keys: string[]): string | null {
  const { properties, patternProperties, additionalProperties, unevaluatedProperties } = place.schema;
  const taken = new Set<string>();
  const member = (key: string, schema: unknown) => {
    taken.add(key);
    place.seen.keys.add(key);
    return check.apply(schema, value[key], `${place.at}/${key}`, place.depth, newSeen());
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

/** What the items of an array break. */
export function arrayProblem(check: Check, place: SchemaPlace, value: readonly unknown[]): string | null {
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
    const problem = check.apply(left, each, `${place.at}/${index}`, place.depth, newSeen());
    if (problem !== null) return problem;
  }
  return containsProblem(check, place, value);
}

function containsProblem(check: Check, place: SchemaPlace, value: readonly unknown[]): string | null {
  const { contains, minContains, maxContains } = place.schema;
  if (contains === undefined) return null;
  const fitting = value.filter(
    (each, index) => check.apply(contains, each, `${place.at}/${index}`, place.depth, newSeen()) === null,
  ).length;
  const at = place.at || "the arguments";
  if (fitting < (isCount(minContains) ? minContains : 1))
    return `${at}: has too few of the items that it must have`;
  if (isCount(maxContains) && fitting > maxContains) return `${at}: has too many of some items`;
  return null;
}
