import { isKeptNumber } from "../../tools/exact-json.ts";
import { resolve } from "./json-schema-references.ts";
import { isObject, type Keywords } from "./json-schema-values.ts";

/** Levels of arguments in which numbers are looked for; deeper ones stay texts, and are refused as such. */
const MAX_DEPTH = 20;

/** References and branches that one value's schema may lead through. */
const MAX_STEPS = 50;

/**
 * Numbers that JavaScript cannot hold come as texts of their digits (tools/exact-json.ts). Where a schema
 * asks for a number and takes no text, such a text is that number.
 *
 * @param replace what stands in its place in what is returned
 */
export function mapKeptNumbers(
  schema: Keywords,
  args: Record<string, unknown>,
  replace: (digits: string) => unknown,
): Record<string, unknown> {
  const map = (place: unknown, value: unknown, depth: number): unknown => {
    if (depth > MAX_DEPTH) return value;
    if (typeof value === "string") {
      return isKeptNumber(value) && wantsNumber(place, schema) ? replace(value) : value;
    }
    const branches = branchesOf(place, schema);
    if (Array.isArray(value)) {
      return value.map((each, at) =>
        map(
          first(branches, (branch) => itemOf(branch, at)),
          each,
          depth + 1,
        ),
      );
    }
    if (!isObject(value)) return value;
    const entries = Object.entries(value).map(([key, each]): [string, unknown] => [
      key,
      map(
        first(branches, (branch) => propertyOf(branch, key)),
        each,
        depth + 1,
      ),
    ]);
    return Object.fromEntries(entries);
  };
  return Object.fromEntries(
    Object.entries(args).map(([key, each]) => [
      key,
      map(
        first(branchesOf(schema, schema), (branch) => propertyOf(branch, key)),
        each,
        1,
      ),
    ]),
  );
}

/** A schema with everything that it refers to, combines or offers as a choice. */
function branchesOf(place: unknown, root: Keywords): Keywords[] {
  const found: Keywords[] = [];
  const open = [place];
  for (let step = 0; open.length > 0 && step < MAX_STEPS; step += 1) {
    const each = open.shift();
    if (!isObject(each)) continue;
    found.push(each);
    if (typeof each.$ref === "string") open.push(resolve(each.$ref, root, new Map()));
    for (const several of [each.allOf, each.anyOf, each.oneOf]) {
      if (Array.isArray(several)) open.push(...several.slice(0, MAX_STEPS));
    }
  }
  return found;
}

function wantsNumber(place: unknown, root: Keywords): boolean {
  const types = branchesOf(place, root).flatMap(({ type }) => [type].flat());
  return (types.includes("integer") || types.includes("number")) && !types.includes("string");
}

function first(branches: readonly Keywords[], find: (branch: Keywords) => unknown): unknown {
  for (const branch of branches) {
    const found = find(branch);
    if (found !== undefined) return found;
  }
  return undefined;
}

function propertyOf({ properties, additionalProperties }: Keywords, key: string): unknown {
  if (isObject(properties) && Object.hasOwn(properties, key)) return properties[key];
  return isObject(additionalProperties) ? additionalProperties : undefined;
}

function itemOf({ items, prefixItems }: Keywords, at: number): unknown {
  const own: unknown = Array.isArray(prefixItems) ? prefixItems[at] : undefined;
  return own ?? (Array.isArray(items) ? items[at] : items);
}

/**
 * A server's answer without numbers that were rounded on their way: whatever it was that the server wrote, it
 * is not what stands here.
 */
export function withoutRounded(value: unknown): unknown {
  if (typeof value === "number") return Math.abs(value) > Number.MAX_SAFE_INTEGER ? `about ${value}` : value;
  if (Array.isArray(value)) return value.map(withoutRounded);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutRounded(each)]));
}
