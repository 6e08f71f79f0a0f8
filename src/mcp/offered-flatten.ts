import { entries, list } from "./json-schema-check.ts";
import { isObject, type Keywords } from "./json-schema-values.ts";
import { type SchemaType, typesOf } from "./schema-types.ts";

/** A schema asks for more than may be read of it. */
export class TooMuchError extends Error {}

/** One pass over an untrusted schema: what it may still cost, and how its references are looked up. */
export interface Reading {
  /** @throws TooMuchError when there is nothing left */
  spend(cost: number): void;
  resolve(reference: string): unknown;
  /** Schemas that are being read: one that comes up again within itself is not followed. */
  within: Set<unknown>;
}

/** A schema without references and `allOf`: what they say stands in it. */
interface Flat {
  /** False where no value fits. */
  schema: Keywords | false;
  /** It has been read: what was entered on the way may be entered again. */
  leave(): void;
}

export function flatten(reading: Reading, schema: unknown): Flat {
  const entered: unknown[] = [];
  const read = (each: unknown): Keywords | false => {
    if (each === false) return false;
    if (!isObject(each)) return {};
    reading.spend(weightOf(each));
    const { $ref, $dynamicRef, $recursiveRef, allOf, ...own } = each;
    const referred = [$ref, $dynamicRef, $recursiveRef].filter((reference) => typeof reference === "string");
    const meant = referred.map((reference) => {
      const found = reading.resolve(reference);
      if (!isObject(found)) return read(found);
      // Merged into this place already; below: a schema that contains this place.
      if (entered.includes(found)) return {};
      if (reading.within.has(found)) return shapeOf(found);
      reading.within.add(found);
      entered.push(found);
      return read(found);
    });
    return [own, ...meant, ...list(allOf).map(read)].reduce(merge, {});
  };
  const leave = () => {
    for (const each of entered) reading.within.delete(each);
  };
  return { schema: read(schema), leave };
}

/** Of a schema that is not followed again. */
function shapeOf(schema: Keywords): Keywords {
  const { types } = typesAskedFor(schema);
  return { type: types, description: "described no further: as above" };
}

/** Characters and values that cost as much as a schema. */
const CHARACTERS = 500;
const VALUES = 20;

/** Parts that are read, and counted, as schemas. */
const SCHEMAS: ReadonlySet<string> = new Set(["$defs", "definitions", "items", "allOf", "anyOf", "oneOf"]);

/** What looking at one schema costs, those in it aside. */
function weightOf(schema: Keywords): number {
  let weight = 1;
  for (const [key, value] of Object.entries(schema)) {
    if (SCHEMAS.has(key)) continue;
    if (typeof value === "string") weight += value.length / CHARACTERS;
    else if (key === "properties" || Array.isArray(value)) weight += Object.keys(value ?? {}).length / VALUES;
  }
  return weight;
}

/** What fits both, as far as it can be said in one. The first one's words win. */
export function merge(first: Keywords | false, second: Keywords | false): Keywords | false {
  if (first === false || second === false) return false;
  const properties = mergeProperties(first.properties, second.properties);
  const required = [...list(first.required), ...list(second.required)];
  return {
    ...second,
    ...first,
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    ...(required.length === 0 ? {} : { required }),
  };
}

function mergeProperties(first: unknown, second: unknown): [string, unknown][] {
  const merged = new Map(entries(first));
  for (const [key, schema] of entries(second)) {
    const known = merged.get(key);
    merged.set(key, known === undefined ? schema : { allOf: [known, schema] });
  }
  return [...merged];
}

/**
 * The types of values that fit, null aside; what the schema does not say follows from what it asks. Empty:
 * any.
 */
export function typesAskedFor(schema: Keywords): { types: SchemaType[]; isNullable: boolean } {
  const values = valuesOf(schema);
  const named = typesOf(schema) ?? inferred(schema, values);
  const types = [...new Set(named)].filter((type) => type !== "null");
  const isNumber = types.includes("number");
  return {
    types: types.filter((type) => !(isNumber && type === "integer")),
    isNullable: named.includes("null") || values.includes(null) || schema.nullable === true,
  };
}

/** The values of an enumeration, of which `const` is one. */
export function valuesOf(schema: Keywords): readonly unknown[] {
  return "const" in schema ? [schema.const] : list(schema.enum);
}

function inferred(schema: Keywords, values: readonly unknown[]): SchemaType[] {
  const has = (...keys: string[]) => keys.some((key) => schema[key] !== undefined);
  if (has("properties", "patternProperties", "additionalProperties", "propertyNames")) return ["object"];
  if (has("items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems")) return ["array"];
  if (values.length > 0) return values.map(typeOfValue);
  if (has("pattern", "minLength", "maxLength", "format")) return ["string"];
  if (has("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")) return ["number"];
  return [];
}

export function typeOfValue(value: unknown): SchemaType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value === "string" ? "string" : typeof value === "boolean" ? "boolean" : "object";
}
