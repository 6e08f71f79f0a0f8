import { isObject, type Keywords } from "./json-schema-values.ts";

/** The types that JSON Schema knows. */
export type SchemaType = "string" | "number" | "integer" | "boolean" | "array" | "object" | "null";

/** What servers write for them: other languages' names, and OpenAPI's in capitals. */
const NAMES: ReadonlyMap<string, SchemaType> = new Map([
  ...(["string", "number", "integer", "boolean", "array", "object", "null"] as const).map(
    (name) => [name, name] as const,
  ),
  ["str", "string"],
  ["text", "string"],
  ["int", "integer"],
  ["long", "integer"],
  ["float", "number"],
  ["double", "number"],
  ["decimal", "number"],
  ["bool", "boolean"],
  ["list", "array"],
  ["tuple", "array"],
  ["dict", "object"],
  ["map", "object"],
  ["none", "null"],
]);

/**
 * The types that a schema asks for, null among them where OpenAPI's `nullable` says so; null when it asks for
 * none that we know.
 */
export function typesOf({ type, nullable }: Keywords): readonly SchemaType[] | null {
  const named = [type].flat().filter((each) => typeof each === "string");
  const known = named.map((name) => NAMES.get(name.toLowerCase()));
  if (known.length === 0 || known.includes(undefined)) return null;
  const types = known.filter((each) => each !== undefined);
  return nullable === true ? [...types, "null"] : types;
}

/** The keywords about what kind of value it is. Types that nobody knows are the server's own business. */
export function typeProblem(schema: Keywords, value: unknown): string | null {
  const types = typesOf(schema);
  if (types === null || types.some((each) => isOfType(each, value))) return null;
  return `must be ${types.join(" or ")}`;
}

function isOfType(type: SchemaType, value: unknown): boolean {
  if (type === "integer") return typeof value === "number" && Number.isInteger(value);
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  return typeof value === type;
}
