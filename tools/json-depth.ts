const QUOTE = 34;
const BACKSLASH = 92;
const OPENING = new Set(["[".charCodeAt(0), "{".charCodeAt(0)]);
const CLOSING = new Set(["]".charCodeAt(0), "}".charCodeAt(0)]);

/**
 * How deep values from a client, a model or another server may nest, without the levels of the document
 * around them. Nothing real comes near it, and code that recurses over a value (JSON.stringify too) runs out
 * of stack at some thousands.
 */
export const MAX_JSON_DEPTH = 100;

/**
 * Whether JSON text nests deeper than so many levels, found without parsing it. For text that is no JSON the
 * answer means nothing.
 */
export function isTextDeeperThan(json: string, limit: number): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) isText = !isText;
    else if (isText) at += code === BACKSLASH ? 1 : 0;
    else if (OPENING.has(code)) depth += 1;
    else if (CLOSING.has(code)) depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}

/** The same for a value that has been parsed; without recursion, which it has to guard. */
export function isValueDeeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    level = level.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : []));
  }
  return false;
}
