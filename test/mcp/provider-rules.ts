/**
 * What stands in a schema that some provider refuses, by the rules of all of them at once; empty when each
 * takes it.
 */
export function refusals(parameters: unknown): string[] {
  const found: string[] = [];
  const refuse = (at: string, why: string) => void found.push(`${at}: ${why}`);
  if (!isObject(parameters) || parameters.type !== "object") refuse("", "is no object");
  else look(parameters, "", 0, refuse);
  if (JSON.stringify(parameters ?? null).length > 32 * 1024) refuse("", "is too large");
  return found;
}

const KEYWORDS = new Set(
  "type description properties required items enum anyOf minimum maximum minLength maxLength minItems maxItems pattern format".split(
    " ",
  ),
);
const TYPES = new Set(["string", "number", "integer", "boolean", "array", "object"]);
const COUNTS = ["minLength", "maxLength", "minItems", "maxItems"];

type Refuse = (at: string, why: string) => void;

function look(schema: unknown, at: string, depth: number, refuse: Refuse): void {
  if (!isObject(schema)) {
    refuse(at, "is no schema");
    return;
  }
  if (depth > 25) {
    refuse(at, "nests too deeply");
    return;
  }
  for (const key of Object.keys(schema)) if (!KEYWORDS.has(key)) refuse(at, `has ${key}`);
  const { type, anyOf, description } = schema;
  if (anyOf !== undefined) {
    if (!Array.isArray(anyOf) || anyOf.length === 0) {
      refuse(at, "has nothing to choose from");
      return;
    }
    if (Object.keys(schema).length > 1) refuse(at, "has something beside anyOf");
    anyOf.forEach((each, index) => {
      look(each, `${at}/anyOf/${index}`, depth + 1, refuse);
    });
    return;
  }
  if (typeof type !== "string" || !TYPES.has(type)) {
    refuse(at, `has the type ${JSON.stringify(type)}`);
    return;
  }
  if (description !== undefined && !isText(description)) refuse(at, "has a description that is no text");
  for (const key of COUNTS) {
    const count = schema[key];
    if (count !== undefined && !(Number.isInteger(count) && Number(count) >= 0))
      refuse(at, `has a wrong ${key}`);
  }
  for (const key of ["minimum", "maximum"]) {
    if (schema[key] !== undefined && !Number.isFinite(schema[key])) refuse(at, `has a wrong ${key}`);
  }
  for (const [key, owner] of [
    ["properties", "object"],
    ["required", "object"],
    ["items", "array"],
  ]) {
    if (key !== undefined && schema[key] !== undefined && type !== owner)
      refuse(at, `has ${key} of an ${owner}`);
  }
  if (type === "object") lookAtObject(schema, at, depth, refuse);
  if (type === "array") look(schema.items, `${at}/items`, depth + 1, refuse);
  lookAtText(schema, at, refuse);
}

function lookAtObject(schema: Record<string, unknown>, at: string, depth: number, refuse: Refuse): void {
  const { properties, required } = schema;
  if (!isObject(properties)) {
    refuse(at, "has no properties");
    return;
  }
  for (const [name, each] of Object.entries(properties)) {
    if (!/^[a-zA-Z0-9_.-]{1,64}$/.test(name)) refuse(at, `has the property ${JSON.stringify(name)}`);
    look(each, `${at}/${name}`, depth + 1, refuse);
  }
  if (required === undefined) return;
  if (!Array.isArray(required) || required.length === 0) {
    refuse(at, "has a wrong required");
    return;
  }
  if (new Set(required).size < required.length) refuse(at, "requires something twice");
  for (const name of required) if (!Object.hasOwn(properties, name)) refuse(at, `requires ${String(name)}`);
}

function lookAtText(
  { type, enum: among, pattern, format }: Record<string, unknown>,
  at: string,
  refuse: Refuse,
): void {
  if ((among ?? pattern ?? format) !== undefined && type !== "string") refuse(at, "has a text's keywords");
  if (among !== undefined) {
    if (!Array.isArray(among) || among.length === 0 || !among.every((each) => isText(each) && each !== "")) {
      refuse(at, "has a wrong enum");
      return;
    }
    if (new Set(among).size < among.length) refuse(at, "names a value twice");
  }
  if (format !== undefined && format !== "date-time") refuse(at, `has the format ${String(format)}`);
  if (pattern === undefined) return;
  if (typeof pattern !== "string" || /\\[pPbBkuxc0-9]|\(\?[^:]/.test(pattern)) {
    refuse(at, "has a wrong pattern");
    return;
  }
  try {
    new RegExp(pattern, "u");
  } catch {
    refuse(at, "has a pattern that is none");
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.isWellFormed();
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
