import { TASK_COLUMN_CHARS } from "@aura-platform/contract/agent-tasks.ts";

/** Where an answer repeats what was asked, and says nothing of it. */
const ECHOES: ReadonlySet<string> = new Set([
  "path",
  "instance",
  "uri",
  "url",
  "trace",
  "traceId",
  "timestamp",
]);

/**
 * Those of our names that an error speaks of, as keys below its first level or as words; also as columns
 * (`input_data`).
 */
export function mentionedFields(answer: object, names: readonly string[]): string[] {
  const words = new Set<string>();
  // Not by recursion: it may be nested as deeply as its bytes allow.
  const waiting: unknown[] = Object.entries(answer).flatMap(([key, value]) =>
    ECHOES.has(key) ? [] : [value],
  );
  for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
    if (typeof each === "string") for (const [word] of each.matchAll(/\w+/g)) words.add(word);
    if (typeof each !== "object" || each === null) continue;
    for (const [key, value] of Object.entries(each)) {
      if (ECHOES.has(key)) continue;
      words.add(key);
      if (value !== undefined) waiting.push(value);
    }
  }
  return names.filter((name) => words.has(name) || words.has(columnOf(name)));
}

/**
 * Those that DWP's table is known not to take. They are sent all the same: another Main Service may take
 * them, and a user id that is cut is somebody else's.
 */
export function unfitFields(fields: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const limit = Object.entries(TASK_COLUMN_CHARS).find(([column]) => column === name)?.[1] ?? Infinity;
    const isUnfit = typeof value === "string" && ([...value].length > limit || value.includes("\0"));
    return isUnfit ? [name] : [];
  });
}

function columnOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
