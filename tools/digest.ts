import { createHash } from "node:crypto";

/**
 * SHA-256 (hex) of a call's tool and arguments. It does not depend on the order of keys, so that what
 * somebody approved can be compared with what is about to run.
 */
export function callDigest(toolName: string, args: Record<string, unknown>): string {
  return createHash("sha256")
    .update(canonicalJson([toolName, args]))
    .digest("hex");
}

/**
 * JSON with sorted keys, and otherwise what JSON.stringify writes. Arguments travel to the approver and back
 * as JSON, so what JSON does not tell apart (-0 and 0, undefined and absent) is the same call.
 */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (isObject(each) ? sorted(each) : each));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Sorted by UTF-16 units, not by locale. fromEntries defines its keys, `__proto__` too, instead of assigning
 * them.
 */
function sorted(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
