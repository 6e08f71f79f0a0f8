import { createHash } from "node:crypto";

/**
 * SHA-256 (hex) of what a call does: its tool and its arguments. Equal for the same call whatever the order of the
 * keys, so that what somebody approved can be compared with what is about to run.
 */
export function callDigest(toolName: string, args: Record<string, unknown>): string {
  return createHash("sha256")
    .update(canonicalJson([toolName, args]))
    .digest("hex");
}

/**
 * JSON with sorted keys. For the rest it is JSON.stringify's own text - arguments are JSON on their way to
 * the approver and back, so what JSON does not tell apart (-0 and 0, undefined and nothing) is the same call.
 */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (isObject(each) ? sorted(each) : each));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** By UTF-16 units, never by locale. fromEntries defines its keys, `__proto__` too, instead of assigning them. */
function sorted(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
