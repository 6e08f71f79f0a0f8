import { isObject, type Keywords } from "./json-schema-values.ts";

/** Schemas by their `$id` and `#anchor`. */
export function namedSchemas(root: Keywords): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const open: unknown[] = [root];
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    if (Array.isArray(each)) open.push(...each.filter((one) => one !== undefined));
    if (!isObject(each)) continue;
    for (const key of ["$id", "id"])
      if (typeof each[key] === "string" && !found.has(each[key])) found.set(each[key], each);
    for (const key of ["$anchor", "$dynamicAnchor"]) {
      if (typeof each[key] === "string" && !found.has(`#${each[key]}`)) found.set(`#${each[key]}`, each);
    }
    open.push(...Object.values(each).filter((one) => one !== undefined));
  }
  return found;
}

/** What a reference within the schema means; undefined when it means nothing. Nothing is ever fetched. */
export function resolve(reference: string, root: Keywords, named: ReadonlyMap<string, unknown>): unknown {
  const known = named.get(reference) ?? named.get(reference.replace(/#$/, ""));
  if (known !== undefined) return known;
  const [base = "", pointer = ""] = reference.split("#", 2);
  let found: unknown = base === "" ? root : named.get(base);
  for (const part of pointer.split("/").slice(1)) {
    const key = decode(part).replaceAll("~1", "/").replaceAll("~0", "~");
    found =
      isObject(found) && Object.hasOwn(found, key)
        ? found[key]
        : Array.isArray(found)
          ? found[Number(key)]
          : undefined;
  }
  const isPointer = pointer === "" || pointer.startsWith("/");
  return isPointer ? found : undefined;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
