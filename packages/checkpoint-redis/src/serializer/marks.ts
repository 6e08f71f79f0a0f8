/** The key of an object that stands for something else. */
export const MARK = "$";

/** How the marks are named. A name is never given another meaning: a new one gets a new name. */
export const KINDS = {
  nothing: "undefined",
  map: "map",
  set: "set",
  bytes: "bytes",
  date: "date",
  pattern: "regexp",
  error: "error",
  delta: "delta",
  message: "message",
} as const;

export type DataObject = Record<string, unknown>;

export function isDataObject(value: unknown): value is DataObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Data may have any key, also that of the mark: keys of `$` alone carry one more while they are stored. */
export function escapeKey(key: string): string {
  return isDollars(key) ? `$${key}` : key;
}

export function unescapeKey(key: string): string {
  return isDollars(key) ? key.slice(1) : key;
}

export function isDollars(key: string): boolean {
  return key.startsWith(MARK) && /^\$+$/.test(key);
}

/** Sets an own property whatever its name: an assignment to `__proto__` would change what the object is. */
export function setOwn(target: DataObject, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}
